// An exercise is an explorer with a task (builder/explore/task.rs). The explorer tells after each move what
// was reached (explorer.js); here it is judged, and kept with the explorer's progress that it was done.
document.addEventListener("explorer", (event) => {
  "use strict";
  const { target, detail: explorer } = event;
  const { task, right } = target.dataset;
  if (!task) return;
  const { path, par, proved, red, helped, kept, variant } = explorer;
  const holds = proved && par === Infinity;
  let said = "";
  let done = false;
  if (task === "break" && red) {
    done = !helped && path.length <= par;
    said = helped ? "Seen. Now reset, and walk it yourself." : `Broken. It can be done in ${par} steps.`;
  } else if (task === "prove" && proved) {
    done = holds;
    said = "This one breaks: you have changed an ordering.";
  } else if (task === "weakest" && proved) {
    done = holds && right.split(" ").includes(String(variant));
    said = holds ? "It holds, but an ordering can be weaker still." : "It does not hold with these orderings.";
  }
  if (done) kept.done = true;
  if (kept.done && (done || !said)) said = "Done \u2713";
  target.querySelector(".explorer-done").textContent = said;
  target.classList.toggle("explorer-solved", !!kept.done);
});
