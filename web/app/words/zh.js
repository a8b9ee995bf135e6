// Every text of the console in Chinese, by area. A test checks that both languages have the same keys in the same files.
import common from "./zh/common.js";
import refusals from "./zh/refusals.js";
import me from "./zh/me.js";
import commands from "./zh/commands.js";
import trading from "./zh/trading.js";
import after from "./zh/after.js";
import operation from "./zh/operation.js";
import supervision from "./zh/supervision.js";
import rules from "./zh/rules.js";

export default { ...common, ...refusals, ...me, ...commands, ...trading, ...after, ...operation, ...rules, ...supervision };
