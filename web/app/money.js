// Decimals as text. Prices, quantities and amounts come and go as text and are counted in BigInt; no float touches them.

const FORM = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Takes decimal text apart: `{units, scale}` with the value `units / 10^scale`; null for anything else. */
export function parse(text) {
  if (text === null || text === undefined) return null;
  const found = FORM.exec(String(text));
  if (!found) return null;
  const frac = found[3] ?? "";
  const units = BigInt(found[2] + frac);
  return { units: found[1] ? -units : units, scale: frac.length };
}

/** The value in units of `10^-scale`, or null where it has more decimals than that (zeros excepted). */
export function units(text, scale) {
  const value = parse(text);
  if (!value) return null;
  if (value.scale <= scale) return value.units * 10n ** BigInt(scale - value.scale);
  const cut = 10n ** BigInt(value.scale - scale);
  return value.units % cut === 0n ? value.units / cut : null;
}

/** Units back into plain decimal text. */
export function text(value, scale) {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const sign = value < 0n ? "-" : "";
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(digits.length - scale)}`;
}

function aligned(a, b) {
  const left = parse(a);
  const right = parse(b);
  if (!left || !right) return null;
  const scale = Math.max(left.scale, right.scale);
  return {
    left: left.units * 10n ** BigInt(scale - left.scale),
    right: right.units * 10n ** BigInt(scale - right.scale),
    scale,
  };
}

/** a + b as text, or null. */
export function add(a, b) {
  const both = aligned(a, b);
  return both && text(both.left + both.right, both.scale);
}

/** a - b as text, or null. */
export function sub(a, b) {
  const both = aligned(a, b);
  return both && text(both.left - both.right, both.scale);
}

/** a * b as text with all its decimals, or null. */
export function mul(a, b) {
  const left = parse(a);
  const right = parse(b);
  return left && right && text(left.units * right.units, left.scale + right.scale);
}

/** -1, 0 or 1; null where one of them is no decimal. */
export function cmp(a, b) {
  const both = aligned(a, b);
  if (!both) return null;
  return both.left < both.right ? -1 : both.left > both.right ? 1 : 0;
}

/** -1, 0 or 1. */
export function sign(a) {
  const value = parse(a);
  return value ? (value.units < 0n ? -1 : value.units > 0n ? 1 : 0) : 0;
}

/** Integer division that rounds half away from zero. */
export function divide(a, b) {
  const negative = a < 0n !== b < 0n;
  const top = a < 0n ? -a : a;
  const bottom = b < 0n ? -b : b;
  const result = (top * 2n + bottom) / (bottom * 2n);
  return negative ? -result : result;
}

/** a / b as text with `decimals`, rounded half-up; null where it is not determined. */
export function ratio(a, b, decimals) {
  const both = aligned(a, b);
  if (!both || both.right === 0n) return null;
  return text(divide(both.left * 10n ** BigInt(decimals), both.right), decimals);
}

/** 100 * a / b as text with two decimals: "10.00" for a tenth. */
export function percent(a, b, decimals = 2) {
  const both = aligned(a, b);
  if (!both || both.right === 0n) return null;
  return text(divide(both.left * 100n * 10n ** BigInt(decimals), both.right), decimals);
}

/** Rounds to `decimals`, half-up. */
export function round(value, decimals) {
  const found = parse(value);
  if (!found) return null;
  if (found.scale <= decimals) return text(found.units * 10n ** BigInt(decimals - found.scale), decimals);
  return text(divide(found.units, 10n ** BigInt(found.scale - decimals)), decimals);
}

/** The part of 1 that a is of b, for drawing alone: a plain number between 0 and 1. */
export function share(a, b) {
  const both = aligned(a, b);
  if (!both || both.right <= 0n || both.left <= 0n) return 0;
  return Math.min(1, Number((both.left * 10000n) / both.right) / 10000);
}

const marks = new Map();

/** The separators of a locale, as the platform knows them. */
export function separators(locale) {
  let found = marks.get(locale);
  if (!found) {
    const parts = new Intl.NumberFormat(locale, { useGrouping: true, minimumFractionDigits: 1 }).formatToParts(1234567n);
    found = {
      group: parts.find((part) => part.type === "group")?.value ?? ",",
      point: parts.find((part) => part.type === "decimal")?.value ?? ".",
    };
    marks.set(locale, found);
  }
  return found;
}

/** Decimal text as people of a locale write it, digit for digit. `decimals` pads with zeros and never cuts. */
export function format(value, locale, decimals = 0) {
  const found = parse(value);
  if (!found) return value === null || value === undefined ? "" : String(value);
  const mark = separators(locale);
  const scale = Math.max(found.scale, decimals);
  const plain = text(found.units * 10n ** BigInt(scale - found.scale), scale);
  const [whole, frac] = plain.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, mark.group);
  const minus = found.units < 0n ? "−" : "";
  return minus + grouped + (frac ? mark.point + frac : "");
}

const STEPS = {
  zh: [[12, "万亿"], [8, "亿"], [4, "万"]],
  en: [[12, "T"], [9, "B"], [6, "M"], [3, "K"]],
};

/** Shortened for a narrow place, with three or four digits: 1.23M, 123.4万. Exact values stand in the title of the cell. */
export function compact(value, locale) {
  const found = parse(value);
  if (!found) return "";
  const whole = (found.units < 0n ? -found.units : found.units) / 10n ** BigInt(found.scale);
  const steps = STEPS[locale.startsWith("zh") ? "zh" : "en"];
  for (const [power, unit] of steps) {
    if (whole >= 10n ** BigInt(power)) {
      const digits = whole.toString().length - power;
      const decimals = Math.max(0, 3 - digits);
      const short = text(divide(found.units * 10n ** BigInt(decimals), 10n ** BigInt(power + found.scale)), decimals);
      return format(short, locale) + unit;
    }
  }
  return format(value, locale);
}

/** With a sign in front, also where it rises. */
export function signed(value, locale, decimals = 0) {
  const shown = format(value, locale, decimals);
  return sign(value) > 0 ? `+${shown}` : shown;
}

/**
 * What a person typed, as plain decimal text: separators of thousands and full-width digits are understood.
 * Gives `{value}` or `{error}` with the key of a sentence.
 */
export function read(typed, decimals) {
  const half = String(typed ?? "").trim()
    .replace(/[０-９．，]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/[\s\u00a0\u202f,']/g, "");
  if (half === "") return { error: "input.empty" };
  if (!/^\d*\.?\d*$/.test(half) || half === ".") return { error: "input.no_number" };
  const [whole, frac = ""] = half.split(".");
  const kept = frac.replace(/0+$/, "");
  if (decimals !== undefined && kept.length > decimals) return { error: "input.too_many_decimals" };
  const digits = whole.replace(/^0+(?=\d)/, "") || "0";
  const shown = decimals === undefined ? kept : kept.padEnd(decimals, "0");
  return { value: shown ? `${digits}.${shown}` : digits };
}

/** Moves a price by whole steps of `10^-decimals * tick`; never below zero. */
export function step(value, count, decimals, tick = 1n) {
  const now = units(value, decimals) ?? 0n;
  const next = now + BigInt(count) * tick;
  return text(next < 0n ? 0n : next, decimals);
}
