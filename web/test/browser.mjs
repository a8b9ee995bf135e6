// The console in a real browser, against a real node. Run by .ci/console, or by hand:
//
//     node --test web/test/browser.mjs     (playwright-core in web/test/node_modules, see .ci/console)
//
// HUANGPU_BINARY  the program (default: target/debug/huangpu)         HUANGPU_CHROMIUM  the browser (default: /usr/bin/chromium)
// HUANGPU_SHOTS=1 writes the pictures of the docs to docs/img/
//
// One node and one browser for all of them, and one window for each person: the tests follow one another in this order, and wait
// for what a page says, never for a time to pass.
import "./people/anyone.mjs";
import "./people/trader.mjs";
import "./people/operator.mjs";
import "./people/custodian.mjs";
import "./people/rules.mjs";
import "./people/pictures.mjs";
import "./people/supervisor.mjs";
import "./people/everyone.mjs";
import "./people/loss.mjs";
