// The beginning: who is signed in decides what is drawn.
import { html, render, useEffect, useState } from "./ui.js";
import { session, whoami } from "./api.js";
import { forget, stream } from "./feeds.js";
import { t } from "./i18n.js";
import { dress, language, prefs, watchTheme } from "./prefs.js";
import { useStore } from "./store.js";
import { ProblemNote } from "./parts/basic.js";
import { Shell } from "./shell.js";
import { route } from "./route.js";
import { Enrol, MustChange, SignIn } from "./views/signin.js";

/** The console of one user. Its live connection lasts as long as they are signed in: it outlives a change of language, which draws everything anew. */
function Signed({ look }) {
  useEffect(() => {
    stream.start();
    const back = () => stream.retryNow();
    addEventListener("online", back);
    return () => {
      removeEventListener("online", back);
      stream.stop();
    };
  }, []);
  return html`<${Shell} key=${look} />`;
}

function App() {
  const user = useStore(session);
  const look = useStore(prefs);
  const { page, rest } = useStore(route);
  const [problem, setProblem] = useState(null);
  const ask = () => {
    setProblem(null);
    whoami().catch(setProblem);
  };
  useEffect(ask, []);
  useEffect(() => {
    if (user === null) forget();
  }, [user]);
  const key = language(look.lang);
  if (page === "enrol") return html`<${Enrol} key=${`${key} ${rest.join("/")}`} user=${rest[0] ?? ""} token=${rest[1] ?? ""} />`;
  if (user === undefined) return html`<main class="gate"><div class="card">${problem ? html`<${ProblemNote} problem=${problem} retry=${ask} />` : html`<p class="quiet">${t("table.loading")}</p>`}</div></main>`;
  if (user === null) return html`<${SignIn} key=${key} />`;
  if (user.must_change) return html`<${MustChange} key=${key} />`;
  return html`<${Signed} key=${user.user} look=${key} />`;
}

dress();
watchTheme();
render(html`<${App} />`, document.getElementById("app"));
