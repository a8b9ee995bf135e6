// Every text of the console in English, by area. A test checks that both languages have the same keys in the same files.
import common from "./en/common.js";
import refusals from "./en/refusals.js";
import me from "./en/me.js";
import commands from "./en/commands.js";
import trading from "./en/trading.js";
import after from "./en/after.js";
import operation from "./en/operation.js";
import supervision from "./en/supervision.js";
import rules from "./en/rules.js";

export default { ...common, ...refusals, ...me, ...commands, ...trading, ...after, ...operation, ...rules, ...supervision };
