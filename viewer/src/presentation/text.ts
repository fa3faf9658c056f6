/** The words of a slide: a few marks at the beginning of a line, and links. Never HTML. */

/** A run of words; with `link`, an https address. */
export interface Span {
  text: string;
  link?: string;
}

/** A line of a slide. A figure is a large value with what it means. */
export type Block =
  | { kind: "heading" | "bullet" | "number" | "paragraph"; spans: Span[] }
  | { kind: "figure"; value: string; label: string };

/** `# Heading`, `- bullet`, `1. number`, `= value | what it means`, else a paragraph; empty lines go. */
export function parseText(body: string): Block[] {
  return body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map(blockOf);
}

function blockOf(line: string): Block {
  const figure = /^=\s*([^|]+)\|?(.*)$/.exec(line);
  if (figure) return { kind: "figure", value: figure[1]!.trim(), label: figure[2]!.trim() };
  for (const [kind, mark] of MARKS) {
    if (mark.test(line)) return { kind, spans: spansOf(line.replace(mark, "")) };
  }
  return { kind: "paragraph", spans: spansOf(line) };
}

const MARKS = [
  ["heading", /^#+\s+/],
  ["bullet", /^[-*•]\s+/],
  ["number", /^\d+[.)]\s+/],
] as const;

/** `[words](https://…)` are links; any other address stays plain words. */
function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let end = 0;
  for (const found of line.matchAll(/\[([^\]]+)\]\((https:\/\/[^\s)]+)\)/g)) {
    if (found.index > end) spans.push({ text: line.slice(end, found.index) });
    spans.push({ text: found[1]!, link: found[2]! });
    end = found.index + found[0].length;
  }
  if (end < line.length) spans.push({ text: line.slice(end) });
  return spans;
}
