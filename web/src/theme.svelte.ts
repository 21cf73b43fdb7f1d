// Theme and contrast: the system's wish, or the person's. Shares its two keys with public/theme.js, which runs before the first paint.

export type ThemeChoice = "" | "light" | "dark";

class Theme {
  choice = $state<ThemeChoice>(stored("parlor.theme") as ThemeChoice);
  contrast = $state(document.documentElement.dataset.contrast === "more");

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    keep("parlor.theme", choice);
    if (choice) document.documentElement.dataset.theme = choice;
    else delete document.documentElement.dataset.theme;
  }

  setContrast(more: boolean): void {
    this.contrast = more;
    keep("parlor.contrast", more === matchMedia("(prefers-contrast: more)").matches ? "" : more ? "more" : "less");
    if (more) document.documentElement.dataset.contrast = "more";
    else delete document.documentElement.dataset.contrast;
  }
}

function stored(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // No storage: the choice lives as long as the page.
  }
}

export const theme = new Theme();
