/** Fill the screen with the page, or give it back; nothing happens where the browser does not let pages do that. */
export function toggleFullscreen(): void {
  const { fullscreenElement, fullscreenEnabled } = document;
  if (!fullscreenElement && !fullscreenEnabled) return;
  const turned = fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  turned.catch((error: unknown) => console.info("No full screen:", error));
}
