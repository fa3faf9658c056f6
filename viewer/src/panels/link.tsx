import type { ComponentProps } from "react";
import { go } from "../route";

/** A link within the page, which goes there without loading it anew. */
export function Link({ href, ...rest }: ComponentProps<"a"> & { href: string }) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab or window is wanted
        event.preventDefault();
        go(href);
      }}
    />
  );
}
