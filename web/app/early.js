// Runs before the page is drawn, so that a chosen theme does not flash.
(function () {
  try {
    const chosen = JSON.parse(localStorage.getItem("huangpu.prefs") || "{}");
    const dark = chosen.theme === "dark" || (chosen.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  } catch {
    document.documentElement.dataset.theme = "light";
  }
})();
