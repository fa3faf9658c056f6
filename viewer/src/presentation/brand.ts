import type { CSSProperties } from "react";
import { create } from "zustand";
import { contrast } from "./contrast";
import { type Branding, DEFAULT_BRANDING, FONTS } from "./deck";
import { DeckError, parseBranding } from "./reading";

/** Whose page this is: as the page's server says, else our own. */
export const useBrand = create<Branding>(() => DEFAULT_BRANDING);

/** The page's own background, on which an accent must be seen. */
const PAGE = DEFAULT_BRANDING.colours.background;

/** Ask the page's server for a brand and apply it; a server without one is no error. */
export async function findBrand(): Promise<void> {
  const answer = await fetch("/brand.json").catch(() => null);
  if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return;
  try {
    const given = (await answer.json()) as object;
    if (Object.keys(given).length === 0) return;
    const brand = parseBranding(given);
    useBrand.setState(brand);
    const { style } = document.documentElement;
    style.setProperty("--mantine-font-family", FONTS[brand.font]);
    if (contrast(brand.colours.accent, PAGE) < 3) return; // made for paper: it would not be seen here
    style.setProperty("--accent", brand.colours.accent);
    style.setProperty("--mantine-color-accent-filled", brand.colours.accent);
  } catch (error) {
    if (!(error instanceof DeckError)) throw error;
    console.warn(`/brand.json: ${error.message}`);
  }
}

/** The branding as CSS variables. */
export function paint({ colours, font }: Branding): CSSProperties {
  return {
    "--slide-paper": colours.background,
    "--slide-ink": colours.ink,
    "--slide-accent": colours.accent,
    "--slide-font": FONTS[font],
    ...(font !== "Barlow" && { "--slide-display": FONTS[font] }),
  } as CSSProperties;
}
