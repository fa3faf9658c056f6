/** Load what is written with on canvases, which do not wait for a font as a page does. */
export async function loadFonts(): Promise<void> {
  const fonts = [
    "600 16px Barlow",
    "600 16px 'Barlow Condensed'",
    "700 16px 'Barlow Condensed'",
    "italic 700 16px 'Barlow Condensed'",
  ];
  await Promise.all(fonts.map((font) => document.fonts.load(font)));
}
