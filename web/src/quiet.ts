// Reloads an old page at a moment when nobody is in the middle of something. Drafts and unsent messages are kept by the browser.

const KEY = "parlor.reloaded";
const STILL = 60_000;

/**
 * Reloads once for each newer protocol: when the page is out of sight or untouched for a minute, and nothing is open that a
 * reload would lose (`busy`). Returns how to stop waiting.
 */
export function whenQuiet(protocol: number, busy: () => boolean, reload: () => void = () => location.reload()): () => void {
  if (alreadyTried(protocol)) return () => undefined;
  const go = () => {
    if (busy()) return touched();
    try {
      sessionStorage.setItem(KEY, String(protocol));
    } catch {
      return; // Without a memory of it a reload that does not help would repeat for ever.
    }
    reload();
  };
  let timer = setTimeout(go, STILL);
  function touched() {
    clearTimeout(timer);
    timer = setTimeout(go, STILL);
  }
  const hidden = () => document.visibilityState === "hidden" && go();
  const events = ["keydown", "pointerdown", "scroll"];
  for (const event of events) addEventListener(event, touched, { capture: true, passive: true });
  document.addEventListener("visibilitychange", hidden);
  return () => {
    clearTimeout(timer);
    for (const event of events) removeEventListener(event, touched, { capture: true });
    document.removeEventListener("visibilitychange", hidden);
  };
}

function alreadyTried(protocol: number): boolean {
  try {
    return sessionStorage.getItem(KEY) === String(protocol);
  } catch {
    return true;
  }
}
