// Lets a text field grow with its text. Sets the height through the style object, which the content policy allows.

/** Attach to a textarea; `text` is read so that a change of it is noticed. */
export const grow = (text: () => string) => (field: HTMLTextAreaElement) => {
  void text();
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
};
