import { useCallback, useEffect, useRef, useState } from "react";
import type { Addresses } from "../connection/addresses";
import { useOverlay } from "../stage/context";
import { setView } from "../view";
import { paint, useBrand } from "./brand";
import type { Deck } from "./deck";
import { isFilm, SlideView } from "./slides";

/** Frames that a film runs before its picture is taken: the overlays are filled in by then (guess). */
const FRAMES = 4;
/** A film that shows nothing for this long has nothing to show: its sheet says why [ms] (guess). */
const PATIENCE_MS = 15_000;

/** All slides one below the other, a sheet each; the films one after the other become pictures. */
export function PrintedDeck({ deck, addresses }: { deck: Deck; addresses: Addresses }) {
  const { slides } = deck;
  const brand = useBrand();
  const branding = deck.branding ?? brand;
  const films = slides.map((_, at) => at).filter((at) => isFilm(slides[at]!));
  const [done, setDone] = useState(0);
  const filming = films[done];
  const next = useCallback(() => setDone((count) => count + 1), []);

  useEffect(() => {
    document.documentElement.classList.add("printing");
    return () => document.documentElement.classList.remove("printing");
  }, []);

  return (
    <main className="sheets" style={paint(branding)} data-ready={filming === undefined || undefined}>
      <button className="print-button" disabled={filming !== undefined} onClick={() => window.print()}>
        {filming === undefined ? "Print, or save as PDF" : "Taking the pictures…"}
      </button>
      {slides.map((slide, at) => (
        <section key={at} className="sheet">
          {films.includes(at) ? (
            films.indexOf(at) <= done && (
              <Still over={at !== filming} onTaken={next}>
                <SlideView slide={slide} branding={branding} addresses={addresses} />
              </Still>
            )
          ) : (
            <SlideView slide={slide} branding={branding} addresses={addresses} />
          )}
        </section>
      ))}
    </main>
  );
}

/** A film until its picture is taken, then the picture with what lay over it. */
function Still(props: { over: boolean; onTaken: () => void; children: React.ReactNode }) {
  const { over, onTaken, children } = props;
  const live = useRef<HTMLDivElement>(null);
  const kept = useRef<HTMLDivElement>(null);
  const [taken, setTaken] = useState(false);
  const frames = useRef(0);

  const take = useCallback(
    (picture: string | null) => {
      if (kept.current!.childElementCount > 0) return;
      if (picture !== null) {
        const image = new Image();
        image.src = picture;
        kept.current!.append(image);
      }
      kept.current!.append(...[...live.current!.children].map((child) => child.cloneNode(true)));
      setTaken(true);
      onTaken();
    },
    [onTaken],
  );
  useOverlay(
    useCallback(() => {
      if (over || ++frames.current < FRAMES) return;
      const canvas = document.querySelector<HTMLCanvasElement>("canvas.stage")!;
      take(canvas.toDataURL("image/jpeg", 0.92)); // right after the frame was drawn, while it is there
    }, [over, take]),
  );
  useEffect(() => {
    setView({ focus: null });
    const timer = window.setTimeout(() => take(null), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, [take]);

  return (
    <>
      <div ref={kept} className="still" />
      {!taken && (
        <div ref={live} className="still">
          {children}
        </div>
      )}
    </>
  );
}
