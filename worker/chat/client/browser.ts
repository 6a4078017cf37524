/** A browser's storage, or nothing where it lets a page keep nothing: then even asking for it throws. */
export function storageOf(name: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}

/** Copies a text; whether it worked. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Keeps the page as high as what is seen above an on-screen keyboard. Chromium and Firefox do it themselves
 * (interactive-widget in chat.html), Safari does not; a page that is zoomed in is left alone.
 */
export function fitViewport(): void {
  const viewport = window.visualViewport;
  viewport?.addEventListener("resize", () => {
    document.body.style.height = viewport.scale === 1 ? `${viewport.height}px` : "";
    if (viewport.scale === 1) window.scrollTo(0, 0);
  });
}
