import { useEffect, useRef } from "react";

/** What keys do; letters in lower case. */
export type Keys = Record<string, () => void>;

/** Listen for keys, except while a text is written, a slider is moved or a button is pressed by the space bar. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || taken(event)) return;
      const does = current.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!does) return;
      event.preventDefault();
      does();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

/** Does the element with the focus need this key itself? */
function taken(event: KeyboardEvent): boolean {
  const element = event.target instanceof Element ? event.target : null;
  if (element?.matches("[type=radio], [type=checkbox]"))
    return event.key.startsWith("Arrow") || event.key === " ";
  if (element?.closest("input, textarea, select, [role=dialog], [role=menu], [role=listbox]")) return true;
  const pressed = event.key === " " || event.key === "Enter";
  return pressed && element?.closest("button, a") != null;
}
