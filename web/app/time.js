// Times are text with the market's offset, and are shown as they are written: the market's wall clock, whatever the reader's.

const FORM = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Takes RFC 3339 text apart; null for anything else. */
export function parts(text) {
  const found = FORM.exec(text ?? "");
  return found && { date: found[1], clock: found[2], fraction: found[3] ?? "", offset: found[4] };
}

/** "09:30:00", with milliseconds where asked for. */
export function clock(text, fine = false) {
  const found = parts(text);
  if (!found) return "";
  return fine ? found.clock + (found.fraction || ".000").slice(0, 4).padEnd(4, "0") : found.clock;
}

/** "2026-03-03". */
export const date = (text) => parts(text)?.date ?? "";

/** "2026-03-03 09:30:00". */
export function moment(text) {
  const found = parts(text);
  return found ? `${found.date} ${found.clock}` : text ?? "";
}

/** "09:30:00" on the day `today`, the date with it on any other. */
export function brief(text, today) {
  const found = parts(text);
  if (!found) return "";
  return found.date === today ? found.clock : `${found.date.slice(5)} ${found.clock.slice(0, 5)}`;
}

/** Milliseconds since 1970, or NaN. */
export const instant = (text) => Date.parse((text ?? "").replace(/(\.\d{3})\d+/, "$1"));

/** Seconds for a chart that knows no zones: the wall clock of the market read as if it were UTC. */
export function wallSeconds(text) {
  const found = parts(text);
  return found ? Date.parse(`${found.date}T${found.clock}Z`) / 1000 : NaN;
}

/** Minutes of an offset: 480 for "+08:00". */
export function offsetMinutes(offset) {
  if (!offset || offset === "Z") return 0;
  const [hours, minutes] = offset.slice(1).split(":").map(Number);
  return (offset[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** An instant written with an offset. */
export function write(ms, offset) {
  const shifted = new Date(ms + offsetMinutes(offset) * 60000).toISOString();
  return shifted.slice(0, 19) + (offset || "Z");
}

/** What a `datetime-local` field holds, with the market's offset. */
export function fromField(value, offset) {
  if (!value) return "";
  return (value.length === 16 ? `${value}:00` : value.slice(0, 19)) + (offset || "Z");
}

/** A duration in seconds, in words that need no language: 3d 04:05:06. */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const days = Math.floor(whole / 86400);
  const rest = `${pad(Math.floor((whole % 86400) / 3600))}:${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)}`;
  return days ? `${days}d ${rest}` : rest;
}
