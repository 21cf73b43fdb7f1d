// Arrow keys within a list of links and buttons. Knows nothing of what they stand for.

/** Attach to the list: up and down, home and end move the focus within it. */
export function arrows(list: HTMLElement): () => void {
  const onkeydown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
    const items = [...list.querySelectorAll<HTMLElement>("a[href], button")].filter((item) => item.offsetParent !== null);
    const here = items.indexOf(document.activeElement as HTMLElement);
    const there = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: items.length - 1 }[event.key];
    if (here < 0 || there === undefined) return;
    event.preventDefault();
    items[Math.min(items.length - 1, Math.max(0, there))]?.focus();
  };
  list.addEventListener("keydown", onkeydown);
  return () => list.removeEventListener("keydown", onkeydown);
}
