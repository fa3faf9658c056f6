import { type ReactNode } from "react";
import type { Branding } from "./deck";

/** A slide with a heading, the brand in its corner, and something below. */
export function Page({
  title,
  branding,
  children,
}: {
  title: string;
  branding: Branding;
  children: ReactNode;
}) {
  return (
    <article className="slide">
      <header className="slide-head">
        <h1>{title}</h1>
        <span className="slide-brand">
          <img src={branding.logo} alt="" />
          {branding.name}
        </span>
      </header>
      <div className="slide-body">{children}</div>
    </article>
  );
}

/** What a slide says instead of its content. */
export function Missing({ title, children }: { title: string; children: ReactNode }) {
  return (
    <article className="slide slide-missing">
      <h1>{title}</h1>
      <p role="status">{children}</p>
    </article>
  );
}
