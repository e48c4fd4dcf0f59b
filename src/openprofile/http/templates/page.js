// What scripts add: buttons that copy, and a log of requests that follows by itself.
"use strict";

for (const field of document.querySelectorAll(".copied input")) {
  const button = document.createElement("button");
  const name = field.labels[0].firstChild.textContent.trim();
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${name}`);
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // where the page came over http by another name
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  field.after(button);
}

const log = document.getElementById("log");
if (log) follow(log);

function follow(log) {
  const controls = document.createElement("div");
  const state = document.createElement("span");
  const button = document.createElement("button");
  let paused = false;
  controls.className = "live";
  state.setAttribute("role", "status");
  button.type = "button";
  controls.append(state, button);
  document.querySelector(".controls").append(controls);

  function tell(text) {
    if (state.textContent !== text) state.textContent = text;
  }

  function show() {
    button.textContent = paused ? "Go on" : "Pause";
    tell(paused ? "Paused" : "Live");
  }

  button.addEventListener("click", () => {
    paused = !paused;
    show();
  });

  async function refresh() {
    if (paused || document.hidden) return;
    try {
      const answer = await fetch(log.dataset.live, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!paused) replace(page.getElementById("log"));
      tell(paused ? "Paused" : "Live");
    } catch {
      tell("The stand-in does not answer");
    }
  }

  function replace(fresh) {
    const first = (list) => list.querySelector("li")?.id;
    if (first(fresh) === first(log) && log.querySelector("li")) return;
    for (const open of log.querySelectorAll("details[open]")) {
      const same = fresh.querySelector(`#${CSS.escape(open.closest("li").id)} details`);
      if (same) same.open = true;
    }
    const focused = document.activeElement?.closest?.("#log li")?.id;
    log.replaceChildren(...document.adoptNode(fresh).childNodes);
    if (focused) document.getElementById(focused)?.querySelector("summary")?.focus();
  }

  show();
  (async () => {
    for (;;) {
      await new Promise((resume) => setTimeout(resume, 1000));
      await refresh();
    }
  })();
}
