// What lies open on the screen: dialog, panel, menu, the phone's one screen; and what has the focus next. Knows no protocol.

export type Dialog = "" | "new room" | "jump" | "keys" | "invite" | "leave" | "delete" | "password";

export class Screen {
  dialog = $state<Dialog>("");
  /** The one panel beside the room. */
  members = $state(false);
  /** On a phone: the list of rooms, or the room. */
  phone = $state<"rooms" | "room">("room");
  /** The id of the own message that is being edited. */
  editing = $state("");
  /** The id of the own message that is about to be deleted. */
  deleting = $state("");
  #before: HTMLElement | null = null;

  /** Opens a dialog; when it closes, the focus goes back to where it was. */
  show(dialog: Dialog): void {
    if (!this.dialog) this.#before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.dialog = dialog;
  }

  hide(): void {
    this.dialog = "";
    const before = this.#before;
    this.#before = null;
    setTimeout(() => (before?.isConnected ? before.focus() : focusComposer())); // once what lies below is in reach again
  }

  askDelete(message: string): void {
    this.deleting = message;
    this.show("delete");
  }

  /** Shows the room; with a mouse and a keyboard one can write at once. */
  showRoom(): void {
    this.phone = "room";
    if (matchMedia("(pointer: fine)").matches) queueMicrotask(focusComposer);
  }
}

export function focusComposer(): void {
  document.querySelector<HTMLElement>("[data-composer]")?.focus();
}

/** Begins a line in the composer, if that is empty. */
export function startLine(line: string): void {
  const composer = document.querySelector<HTMLTextAreaElement>("[data-composer]");
  if (!composer) return;
  composer.focus();
  if (composer.value !== "") return;
  composer.setRangeText(line, 0, 0, "end");
  composer.dispatchEvent(new Event("input", { bubbles: true }));
}
