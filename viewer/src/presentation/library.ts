/** Where decks come from and go to: the page's server, the browser's own storage, files. */

import { type Deck } from "./deck";
import { DeckError, parseDeck, readDeck } from "./reading";

/** The deck that is shown when none is asked for. */
export const DEMO = "demo";

const STORED = "trackmania-rl.deck.";

/** What this browser keeps; null where it lets pages keep nothing. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** The names of the decks in this browser. */
export function storedDecks(): string[] {
  return Object.keys(storage() ?? {})
    .filter((key) => key.startsWith(STORED))
    .map((key) => key.slice(STORED.length))
    .sort();
}

/** Keep a deck in this browser under a name; false where the browser has no room for it, or lets pages keep nothing. */
export function storeDeck(name: string, deck: Deck): boolean {
  const kept = storage();
  try {
    kept?.setItem(STORED + name, JSON.stringify(deck));
    return kept !== null;
  } catch {
    return false;
  }
}

/** Let go of the browser's own version of a deck; a bundled one comes back as it was. */
export function forgetDeck(name: string): void {
  storage()?.removeItem(STORED + name);
}

/**
 * A deck by its name (one in this browser, else one of the server's decks) or by its path on this server.
 *
 * @throws DeckError when there is none, or when it is wrong.
 */
export async function findDeck(name: string): Promise<Deck> {
  const stored = storage()?.getItem(STORED + name) ?? null;
  if (stored !== null) return readDeck(stored);
  const path = name.includes("/") ? name : `/decks/${name}.json`;
  if (!URL.canParse(path, window.location.origin))
    throw new DeckError([`«${name}» is no address of a deck.`]);
  const address = new URL(path, window.location.origin);
  if (address.origin !== window.location.origin) {
    throw new DeckError([
      `The deck is at ${address.origin}, and decks are only loaded from this server: ` +
        "save it to a file and open that with E.",
    ]);
  }
  const answer = await fetch(address).catch(() => null);
  if (answer === null)
    throw new DeckError([`The server of this page does not answer, so deck ${name} cannot be had.`]);
  const isDeck = answer.ok && answer.headers.get("content-type")?.includes("json");
  if (!isDeck) throw new DeckError([`There is no deck ${name}: neither in this browser nor on its server.`]);
  return readDeck(await answer.text());
}

/** Hand a deck to the browser as a file. */
export function saveToFile(name: string, deck: Deck): void {
  const file = new Blob([`${JSON.stringify(parseDeck(deck), null, 2)}\n`], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
