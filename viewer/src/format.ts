/** Numbers as people read them. */

/** Stands for a value that there is none of. */
export const NONE = "–";

/** Kilometres an hour in a metre a second. */
export const KMH = 3.6;

/** A race time [s]: 0:38.71, with three decimals 0:38.712. */
export function raceTime(seconds: number | null | undefined, decimals = 2): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  const unit = 10 ** decimals;
  const rounded = Math.round(Math.abs(seconds) * unit);
  const minutes = Math.floor(rounded / (60 * unit));
  const rest = ((rounded - minutes * 60 * unit) / unit)
    .toFixed(decimals)
    .padStart(decimals ? decimals + 3 : 2, "0");
  return `${seconds < 0 && rounded > 0 ? "-" : ""}${minutes}:${rest}`;
}

/** Seconds behind somebody: +1.71, with three decimals +1.714. */
export function gap(seconds: number | null | undefined, decimals = 2): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(decimals)}`;
}

/** A count in at most three digits: 950, 12.3k, 4.56M, 2M. */
export function count(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  const magnitude = Math.abs(value);
  if (magnitude >= 999_500) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (magnitude >= 1000) return `${Number((value / 1e3).toPrecision(3))}k`;
  return `${Math.round(value)}`;
}

/** A share: 87 %. */
export function percent(share: number | null | undefined): string {
  return share == null || !Number.isFinite(share) ? NONE : `${Math.round(share * 100)} %`;
}

/** A stretch of wall-clock time [s]: 42 s, 12 min, 3 h 05. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** Bytes: 4.2 MB. */
export function bytes(size: number): string {
  return size < 1e6 ? `${Math.max(1, Math.round(size / 1e3))} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** A moment given in ISO 8601, in the reader's own style. */
export function moment(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
