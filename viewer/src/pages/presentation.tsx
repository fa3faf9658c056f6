import { useCallback, useEffect, useReducer, useRef, useState, type TouchEvent } from "react";
import type { Addresses } from "../connection/addresses";
import { useRemote } from "../connection/rest";
import { toggleFullscreen } from "../fullscreen";
import { useKeys } from "../keys";
import { Notice } from "../panels/notice";
import { paint, useBrand } from "../presentation/brand";
import { type Deck } from "../presentation/deck";
import { DeckError, parseDeck } from "../presentation/reading";
import { draftOf, edited } from "../presentation/edit";
import { Editor } from "../presentation/editor";
import { DEMO, findDeck, forgetDeck, storedDecks, storeDeck } from "../presentation/library";
import { COMMANDS, slideAfter, swiped, type Command } from "../presentation/navigation";
import { PrintedDeck } from "../presentation/print";
import { prepare } from "../presentation/remote";
import { isFilm, SlideView } from "../presentation/slides";
import { addressOf, go, useRoute } from "../route";
import "../presentation/slides.css";
import "../presentation/editor.css";
import "../presentation/print.css";

/** How long a slide stays that does not say it, while the deck plays by itself [s]. */
const SECONDS = 15;

const NOT_KEPT = "The browser keeps no more of this deck (its storage is full or closed): save it to a file.";

/** A deck of slides over the whole screen: `?deck=NAME-or-path&slide=NUMBER`. */
export default function PresentationPage({ addresses }: { addresses: Addresses }) {
  const { query } = useRoute();
  const name = query.get("deck") ?? DEMO;
  const found = useRemote(name, () => findDeck(name));
  if (found.state === "loading") return null;
  if (found.state === "failed") {
    return (
      <Notice title="The deck cannot be shown" action={wayOut(name)}>
        {found.error.message}
      </Notice>
    );
  }
  if (query.has("print")) return <PrintedDeck deck={found.value} addresses={addresses} />;
  return <Presentation key={name} name={name} opened={found.value} addresses={addresses} />;
}

/** Where to go from a deck that cannot be shown; from the demo deck itself, not back to the same one. */
function wayOut(name: string): { label: string; run: () => void } {
  if (name !== DEMO) return { label: "Show the demo deck", run: () => go(addressOf("presentation")) };
  if (!storedDecks().includes(DEMO)) return { label: "Try again", run: () => window.location.reload() };
  const restore = () => {
    forgetDeck(DEMO);
    window.location.reload();
  };
  return { label: "Bring back the demo deck as it came", run: restore };
}

interface Props {
  name: string;
  opened: Deck;
  addresses: Addresses;
}

function Presentation({ name, opened, addresses }: Props) {
  const { query } = useRoute();
  const [draft, edit] = useReducer(edited, draftOf(opened, Number(query.get("slide")) - 1));
  const [editing, setEditing] = useState(false);
  const [playing, setPlaying] = useState(query.has("autoplay"));
  const [black, setBlack] = useState(false);
  const [notes, setNotes] = useState(false);
  const { deck, at } = draft;
  const slide = deck.slides[at]!;
  const count = deck.slides.length;
  const [kept, setKept] = useState(true);
  const problems = problemsOf(deck);
  const brand = useBrand();
  const branding = deck.branding ?? brand;
  const race = slide.kind === "race" ? slide.race : "";

  useEffect(() => {
    const parts = { deck: name, slide: String(at + 1), ...(race && { race }) };
    go(addressOf("presentation", parts), { replace: true });
    prepare(addresses.environment, deck.slides[at + 1]);
  }, [name, at, race, deck, addresses]);

  useEffect(() => {
    if (draft.past.length === 0 || problems.length > 0) return;
    const stored = storeDeck(name, deck);
    queueMicrotask(() => setKept(stored));
  }, [name, deck, draft.past.length, problems.length]);

  useEffect(() => {
    document.title = `${deck.title} · ${branding.name}`;
  }, [deck.title, branding.name]);

  useEffect(() => {
    if (!playing) return;
    const seconds = slide.duration ?? SECONDS;
    const timer = window.setTimeout(() => edit({ do: "select", at: (at + 1) % count }), seconds * 1000);
    return () => window.clearTimeout(timer);
  }, [playing, slide.duration, at, count]);

  const run = useCallback(
    (command: Command) => {
      if (command === "fullscreen") toggleFullscreen();
      else if (command === "autoplay") setPlaying((on) => !on);
      else if (command === "edit") setEditing((on) => !on);
      else if (command === "black") setBlack((on) => !on);
      else if (command === "notes") setNotes((on) => !on);
      else if (command !== "leave") edit({ do: "select", at: slideAfter(at, count, command) });
      else if (editing) setEditing(false);
      else go(addressOf("live"));
    },
    [at, count, editing],
  );
  useKeys(Object.fromEntries(Object.entries(COMMANDS).map(([key, command]) => [key, () => run(command)])));
  const swipe = useSwipe(run);

  return (
    <main className="deck" data-editing={editing || undefined} style={paint(branding)} {...swipe}>
      <div className="frame" data-film={isFilm(slide) || undefined} data-slide={at + 1}>
        <div className="turning" key={`${at} ${slide.kind}`}>
          <SlideView slide={slide} branding={branding} addresses={addresses} />
        </div>
        {notes && <aside className="slide-note">{slide.note ?? "No note for this slide."}</aside>}
        {black && <div className="blackness" />}
        <div
          className="deck-progress"
          role="progressbar"
          aria-label={`Slide ${at + 1} of ${count}`}
          aria-valuenow={at + 1}
          aria-valuemin={1}
          aria-valuemax={count}
          data-playing={playing || undefined}
        >
          <span style={{ transform: `scaleX(${(at + 1) / count})` }} />
        </div>
        <nav className="deck-buttons" aria-label="Slides">
          <button onClick={() => run("back")} aria-label="Previous slide" disabled={at === 0}>
            ‹
          </button>
          <span>
            {at + 1} / {count}
          </span>
          <button onClick={() => run("next")} aria-label="Next slide" disabled={at === count - 1}>
            ›
          </button>
          <button onClick={() => run("edit")}>Edit</button>
        </nav>
      </div>
      {editing && (
        <Editor
          name={name}
          draft={draft}
          branding={branding}
          problems={kept ? problems : [...problems, NOT_KEPT]}
          addresses={addresses}
          onEdit={edit}
          onClose={() => setEditing(false)}
        />
      )}
    </main>
  );
}

function problemsOf(deck: Deck): readonly string[] {
  try {
    parseDeck(deck);
    return [];
  } catch (error) {
    if (error instanceof DeckError) return error.problems;
    throw error;
  }
}

/** Touch turns the slides. */
function useSwipe(run: (command: Command) => void) {
  const begin = useRef<{ x: number; y: number } | null>(null);
  return {
    onTouchStart: (event: TouchEvent) => {
      const touch = event.touches[0];
      const editing = event.target instanceof Element && event.target.closest(".editor") !== null;
      begin.current = editing ? null : { x: touch!.clientX, y: touch!.clientY };
    },
    onTouchEnd: (event: TouchEvent) => {
      const touch = event.changedTouches[0];
      if (!begin.current) return;
      const command = swiped(touch!.clientX - begin.current.x, touch!.clientY - begin.current.y);
      if (command) run(command);
    },
  };
}
