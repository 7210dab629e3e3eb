// The opener replaces this page with the consent page. Whoever still sees it after this time needs a word.
const STUCK_AFTER_MS = 20_000;

setTimeout(() => {
  document.getElementById("waiting").hidden = true;
  document.getElementById("stuck").hidden = false;
}, STUCK_AFTER_MS);

document.getElementById("close").addEventListener("click", () => window.close());
