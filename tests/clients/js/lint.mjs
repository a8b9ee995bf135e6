// The AsyncAPI document, as its own parser reads it: no error and no warning.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const wrong = diagnostics.filter(({ severity }) => severity < 2);
for (const { code, path, message } of wrong) console.error(code, path.join("."), message);
if (!document || wrong.length > 0) process.exit(1);
console.log("the AsyncAPI document is read");
