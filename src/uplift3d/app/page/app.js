// The videos: uploads, the queue, what is shown of it, and files to take away.

const byId = (id) => document.getElementById(id);
const POLL_MS = 500;
let about = null;
let shown = null; // id of the job whose motion is shown
const uploads = new Map(); // name in the list → { name, share, request }
let uploadCount = 0;

async function call(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message || `the server answers ${response.status}`);
  return answer;
}

export function complain(id, message) {
  byId(id).textContent = message || "";
  byId(id).hidden = !message;
}

function options(select, entries) {
  select.replaceChildren(
    ...entries.map(([value, text, disabled, title]) => {
      const option = new Option(text, value);
      option.disabled = Boolean(disabled);
      if (title) option.title = title;
      return option;
    }),
  );
}

async function start() {
  about = await call("/api/about");
  const detectors = Object.entries(about.detectors).map(([name, words]) => [name, words]);
  options(byId("detector"), detectors);
  options(byId("live-detector"), detectors);
  byId("live-detector").value = "blazepose-full";
  options(byId("skeleton"), about.skeletons.map((name) => [name, name]));
  options(
    byId("format"),
    about.formats.map((one) => [
      one.name,
      `${one.name.includes(".") ? one.name : `.${one.name}`} – ${one.words}${one.missing ? " (not installed)" : ""}`,
      one.missing,
      one.missing,
    ]),
  );
  byId("format").value = "bvh";
  formatChosen();
  byId("limit").textContent = `up to ${Math.round(about.max_bytes / 1e6)} MB each; one is worked on at a time`;
  document.body.dataset.ready = "true";
  refresh();
}

// ---- uploads

function take(files) {
  complain("error", "");
  for (const file of files) {
    if (file.size > about.max_bytes) {
      const limit = Math.round(about.max_bytes / 1e6);
      complain("error", `${file.name} has ${Math.round(file.size / 1e6)} MB; accepted are up to ${limit} MB (--max-mb sets that).`);
    } else {
      send(file);
    }
  }
}

function send(file) {
  const key = `upload-${uploadCount++}`;
  const request = new XMLHttpRequest(); // fetch does not say how much has been sent
  const query = new URLSearchParams({
    name: file.name,
    detector: byId("detector").value,
    key_interval: byId("interval").value,
    height_m: byId("height").value,
    focal_px: byId("focal").value,
    one_floor: byId("floor").checked,
  });
  const over = (message) => {
    uploads.delete(key);
    if (message) complain("error", message);
    refresh();
  };
  uploads.set(key, { name: file.name, share: 0, request });
  request.upload.onprogress = (event) => {
    uploads.get(key).share = event.loaded / Math.max(event.total, 1);
    draw();
  };
  request.onload = () => {
    const answer = JSON.parse(request.responseText || "{}");
    over(request.status === 201 ? "" : answer.message || `the server answers ${request.status}`);
  };
  request.onerror = () => over(`${file.name} could not be sent: the server does not answer.`);
  request.onabort = () => over("");
  request.open("POST", `/api/jobs?${query}`);
  request.send(file);
  draw();
}

// ---- the list

let jobs = [];
let timer = null;

async function refresh() {
  clearTimeout(timer);
  try {
    jobs = await call("/api/jobs");
    draw();
    if (jobs.some((job) => ["waiting", "running"].includes(job.state))) timer = setTimeout(refresh, POLL_MS);
  } catch {
    complain("error", "The server does not answer any more: was it ended in its terminal?");
    timer = setTimeout(refresh, 4 * POLL_MS);
  }
}

const STAGES = { page: "writing the page" };

function inWords(job) {
  if (job.state === "running") {
    if (!job.stage) return "starting";
    const count = job.total ? `: ${job.done} of ${job.total}` : "";
    return `${STAGES[job.stage] || job.stage}${count}`;
  }
  if (job.state === "done") {
    const who = job.people === 1 ? "1 person" : `${job.people} people`;
    const length = `${who}, ${job.seconds} s, ${job.poses} moments`;
    const licence = job.licence ? [`licence of the network: ${job.licence}`] : [];
    return [length, ...licence, ...job.notes].join("; ");
  }
  return { waiting: "waiting", cancelled: "cancelled", failed: job.message }[job.state];
}

function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "plain";
  made.textContent = text;
  made.setAttribute("aria-label", `${text} ${label}`);
  made.addEventListener("click", act);
  return made;
}

// Rows are changed, not made anew, so that the keyboard's focus stays where it is.
function row(key, name, state, words, share, buttons) {
  let line = byId(`row-${key}`);
  if (!line) {
    line = document.createElement("li");
    line.id = `row-${key}`;
    line.innerHTML = '<span class="name"></span><span class="state"></span><span class="buttons"></span>';
    byId("jobs").prepend(line);
  }
  line.className = `${state}${key === shown ? " shown" : ""}`;
  line.querySelector(".name").textContent = name;
  line.querySelector(".state").textContent = words;
  if (line.dataset.state !== state) {
    line.dataset.state = state;
    line.querySelector(".buttons").replaceChildren(...buttons());
    line.querySelector("progress")?.remove();
    if (["running", "sending"].includes(state)) {
      const bar = document.createElement("progress");
      bar.setAttribute("aria-label", `progress of ${name}`);
      line.append(bar);
    }
  }
  const bar = line.querySelector("progress");
  if (bar && share === null) bar.removeAttribute("value");
  else if (bar) bar.value = share;
  return line.id;
}

function draw() {
  const rows = new Set();
  for (const job of jobs) {
    const share = job.total ? job.done / job.total : null;
    const at = `/api/jobs/${job.id}`;
    rows.add(
      row(job.id, job.name, job.state, inWords(job), share, () => {
        const made = [];
        if (job.state === "done") made.push(button("Show", job.name, () => show(job)));
        if (["waiting", "running"].includes(job.state)) {
          made.push(button("Cancel", job.name, () => act(`${at}/cancel`, "POST")));
        } else {
          made.push(button("Remove", job.name, () => act(at, "DELETE")));
        }
        return made;
      }),
    );
    if (job.state === "done" && !seen.has(job.id)) {
      seen.add(job.id);
      if (!shown) show(job);
    }
  }
  for (const [key, one] of uploads) {
    const words = one.share < 1 ? `sending: ${Math.round(100 * one.share)} %` : "looking at it";
    rows.add(row(key, one.name, "sending", words, one.share < 1 ? one.share : null, () => [
      button("Cancel", one.name, () => one.request.abort()),
    ]));
  }
  for (const line of [...byId("jobs").children]) if (!rows.has(line.id)) line.remove();
  if (shown && !jobs.some((job) => job.id === shown)) show(null);
}

const seen = new Set();

async function act(path, method) {
  try {
    await call(path, { method });
  } catch (error) {
    complain("error", error.message);
  }
  refresh();
}

// ---- a result

function show(job) {
  shown = job ? job.id : null;
  byId("result").hidden = !job;
  complain("download-error", "");
  byId("result-name").textContent = job ? job.name : "";
  if (job) byId("player").src = `/api/jobs/${job.id}/page`;
  else byId("player").removeAttribute("src");
  draw();
}

function rigged() {
  return Boolean(about.formats.find((one) => one.name === byId("format").value)?.rigged);
}

function formatChosen() {
  byId("skeleton-label").hidden = !rigged();
}

async function download() {
  const format = byId("format").value;
  const query = rigged() ? `?skeleton=${encodeURIComponent(byId("skeleton").value)}` : "";
  byId("download").disabled = true;
  complain("download-error", "");
  try {
    const response = await fetch(`/api/jobs/${shown}/files/${format}${query}`);
    if (!response.ok) throw new Error((await response.json()).message);
    const name = /filename\*=UTF-8''(.*)$/.exec(response.headers.get("Content-Disposition") || "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name ? decodeURIComponent(name[1]) : `motion.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    complain("download-error", error.message);
  }
  byId("download").disabled = false;
}

// ---- tabs, drop zone

const tabs = [byId("tab-video"), byId("tab-webcam")];

function choose(tab) {
  for (const one of tabs) {
    const on = one === tab;
    one.setAttribute("aria-selected", String(on));
    one.tabIndex = on ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = !on;
  }
  document.dispatchEvent(new CustomEvent("tab", { detail: tab.getAttribute("aria-controls") }));
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = tabs[1 - tabs.indexOf(tab)];
    choose(other);
    other.focus();
  });
}

byId("file").addEventListener("change", () => {
  take([...byId("file").files]);
  byId("file").value = "";
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the zone must not replace the page
    byId("drop").classList.toggle("over", ["dragenter", "dragover"].includes(kind));
    if (kind === "drop" && event.dataTransfer) take([...event.dataTransfer.files]);
  });
}
byId("format").addEventListener("change", formatChosen);
byId("download").addEventListener("click", download);
start().catch((error) => complain("error", error.message));
