// Sets the chosen theme and contrast before the first paint. Shares its two keys with src/theme.svelte.ts and nothing else.
(() => {
  const root = document.documentElement;
  let theme = null;
  let contrast = null;
  try {
    theme = localStorage.getItem("parlor.theme");
    contrast = localStorage.getItem("parlor.contrast");
  } catch {
    // No storage: the system decides.
  }
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const wished = matchMedia("(prefers-contrast: more)").matches;
  if (contrast === "more" || (contrast !== "less" && wished)) root.dataset.contrast = "more";
})();
