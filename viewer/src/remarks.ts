import { create } from "zustand";

/** What the page's address asks for and cannot have, in sentences; there until they are put away. */
export const useRemarks = create<{ remarks: readonly string[] }>(() => ({ remarks: [] }));

/** Tell of more of it. */
export function remark(sentences: readonly string[]): void {
  useRemarks.setState(({ remarks }) => ({ remarks: [...new Set([...remarks, ...sentences])] }));
}
