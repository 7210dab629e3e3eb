// A window that a script opened closes; any other tab stays, and is told after this time that it is no longer needed.
const SAY_AFTER_MS = 1_200;

const stay = document.getElementById("stay");
stay.hidden = true;
window.close();
setTimeout(() => {
  stay.hidden = false;
}, SAY_AFTER_MS);
