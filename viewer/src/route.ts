import { useSyncExternalStore } from "react";
import { CLOCK_PARTS } from "./playback/address";

/** The pages, by their path. */
export const PAGES = {
  live: "/",
  replays: "/replays",
  training: "/training",
  presentation: "/presentation",
} as const;

export type Page = keyof typeof PAGES;

/** What the address says: which page, and what is in the query. */
interface Route {
  page: Page;
  query: URLSearchParams;
}

const CHANGED = "trackmania:route";

/** Parts of the query that belong to one replay or one deck, and go when another page opens. */
const OWN_PARTS = ["replay", ...CLOCK_PARTS, "reference", "beside", "deck", "slide", "print"];

function pathOf(pathname: string): string {
  return pathname.replace(/\/+$/, "") || "/";
}

/** What is wrong with an address's path, in sentences. */
export function pathRemarks(pathname: string): string[] {
  const known = Object.values(PAGES) as string[];
  if (known.includes(pathOf(pathname))) return [];
  return [`the path is «${pathname}», expected one of ${known.join(", ")}.`];
}

/** Read an address: `?replay=` opens that replay wherever it stands. */
function parseRoute(address: string): Route {
  const { pathname, searchParams: query } = new URL(address, window.location.origin);
  const path = pathOf(pathname);
  const named = (Object.keys(PAGES) as Page[]).find((page) => PAGES[page] === path) ?? "live";
  return { page: query.has("replay") ? "replays" : named, query };
}

/** The address of a page; parts of the query that are not about a replay or a deck stay. */
export function addressOf(page: Page, parts: Record<string, string> = {}): string {
  const query = new URLSearchParams(window.location.search);
  for (const part of OWN_PARTS) query.delete(part);
  for (const [name, value] of Object.entries(parts)) query.set(name, value);
  const search = query.toString();
  return PAGES[page] + (search && `?${search}`);
}

/** Go to an address within the page. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  window.dispatchEvent(new Event(CHANGED));
}

/** The current route. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  return parseRoute(address);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}
