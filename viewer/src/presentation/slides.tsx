import type { Addresses } from "../connection/addresses";
import type { Branding, Slide, TextSlide, TitleSlide } from "./deck";
import { parseText, type Block, type Span } from "./text";
import { Comparison, Curve } from "./chart-slides";
import { LiveFilm, ReplayFilm } from "./film-slides";
import { Page } from "./frame";

interface Props<S extends Slide> {
  slide: S;
  branding: Branding;
  addresses: Addresses;
}

/** Whether a slide shows the race in 3D. */
export const isFilm = (slide: Slide): boolean => slide.kind === "race" || slide.kind === "replay";

/** One slide, as large as whatever it lies in. */
export function SlideView({ slide, branding, addresses }: Props<Slide>) {
  switch (slide.kind) {
    case "title":
      return <TitleWords slide={slide} branding={branding} />;
    case "text":
      return <TextWords slide={slide} branding={branding} />;
    case "race":
      return <LiveFilm slide={slide} base={addresses.environment} />;
    case "replay":
      return <ReplayFilm slide={slide} base={addresses.environment} />;
    case "comparison":
      return <Comparison slide={slide} branding={branding} base={addresses.environment} />;
    case "curve":
      return <Curve slide={slide} branding={branding} base={addresses.model} />;
  }
}

function TitleWords({ slide, branding }: { slide: TitleSlide; branding: Branding }) {
  return (
    <article className="slide slide-title">
      <img className="slide-logo" src={branding.logo} alt="" />
      <h1>{slide.title}</h1>
      {slide.subtitle && <p>{slide.subtitle}</p>}
      <footer>{branding.name}</footer>
    </article>
  );
}

function TextWords({ slide, branding }: { slide: TextSlide; branding: Branding }) {
  const blocks = parseText(slide.body);
  const figures = blocks.filter((block) => block.kind === "figure");
  return (
    <Page title={slide.title} branding={branding}>
      <div className="slide-words">
        {figures.length > 0 && (
          <dl className="slide-figures">
            {figures.map((figure, at) => (
              <div key={at}>
                <dt>{figure.value}</dt>
                <dd>{figure.label}</dd>
              </div>
            ))}
          </dl>
        )}
        {blocks.map((block, at) => block.kind !== "figure" && <Words key={at} {...numbered(blocks, at)} />)}
      </div>
    </Page>
  );
}

/** A block, and which number of its list it has. */
function numbered(blocks: readonly Block[], at: number) {
  let number = 0;
  for (let k = at; k >= 0 && blocks[k]!.kind === "number"; k--) number += 1;
  return { block: blocks[at] as Exclude<Block, { kind: "figure" }>, number };
}

function Words({ block, number }: { block: Exclude<Block, { kind: "figure" }>; number: number }) {
  if (block.kind === "heading") {
    return (
      <h2>
        <Spans spans={block.spans} />
      </h2>
    );
  }
  return (
    <p className={block.kind} data-mark={block.kind === "number" ? number : undefined}>
      <Spans spans={block.spans} />
    </p>
  );
}

function Spans({ spans }: { spans: readonly Span[] }) {
  return spans.map(({ text, link }, at) =>
    link ? (
      <a key={at} href={link} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    ) : (
      text
    ),
  );
}
