// Sets the colour scheme before the first paint. A file of its own: the page's CSP allows no inline script.
(function () {
  var stored = null;
  try {
    stored = window.localStorage.getItem("gatehouse-color-scheme");
  } catch {
    // Storage is blocked: the system's choice stands.
  }
  var dark =
    stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
