// Plays the motion in the #motion script.
(() => {
  const motion = JSON.parse(document.getElementById("motion").textContent);
  const $ = (id) => document.getElementById(id);
  const scene = $("scene");
  const { joint } = uplift;
  const NEAR_M = 1.0; // around the pelvis of a followed person
  const SAMPLES = 60; // moments that are looked at to keep everybody in view
  const times = motion.times;
  const last = times.length - 1;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hidden = new Set();
  let frame = 0, followed = -1, anchor = null, view = "oblique";
  let clock = times[0] ?? 0, playing = false, before = 0;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shown = () => motion.people.map((_, p) => p).filter((p) => !hidden.has(p));
  const poseOf = (p, f) => (hidden.has(p) ? null : motion.people[p].poses[f]);
  const drawn = uplift.drawing(motion, poseOf, { dark: () => dark.matches, css });

  // --- Where it is looked at from ---

  const ranges = [...motion.floor, motion.bounds[2]];
  const metres = Math.max(...ranges.map(([low, high]) => high - low)) / 2; // of one unit of the scene
  const inScene = (value, k) => (value - (ranges[k][0] + ranges[k][1]) / 2) / metres;

  // What has to be in view: everybody and their shadows over the whole time, or the followed person now.
  function pointsInView() {
    const pose = followed >= 0 && poseOf(followed, frame);
    if (pose) {
      const [x, y, z] = joint(pose, motion.root);
      return around([x - NEAR_M, x + NEAR_M], [y - NEAR_M, y + NEAR_M], [z - NEAR_M, z + NEAR_M]);
    }
    const every = Math.max(1, Math.ceil(times.length / SAMPLES));
    const points = shown().flatMap((p) => motion.people[p].poses.filter((_, f) => f % every === 0).filter(Boolean)
      .flatMap((one) => motion.joints.flatMap((_, j) => {
        const [x, y, z] = joint(one, j);
        return j === motion.root ? [[x, y, z], [x, y, 0]] : [[x, y, z]];
      })));
    return points.length ? points.map((point) => point.map(inScene)) : around(...motion.bounds);
  }

  const around = (...box) => Array.from({ length: 8 }, (_, n) => box.map((limits, k) => inScene(limits[(n >> k) & 1], k)));

  function camera(name) {
    const points = pointsInView();
    const from = motion.camera && motion.camera.map((value, k) =>
      inScene(value, k) - points.reduce((sum, point) => sum + point[k], 0) / points.length);
    const [out, up] = {
      camera: [from ?? [0, -1, 0.1], [0, 0, 1]], oblique: [[0.5, -1, 0.42], [0, 0, 1]],
      side: [[1, -0.05, 0.22], [0, 0, 1]], top: [[0, -0.001, 1], [0, 1, 0]],
    }[name];
    return uplift.fit(points, out, up, scene.clientWidth / Math.max(1, scene.clientHeight));
  }

  function look(name) {
    view = name;
    anchor = place(followed);
    document.querySelectorAll("[data-view]").forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.view === name));
    return Plotly.relayout(scene, { "scene.camera": camera(name) });
  }

  function place(p) {
    const pose = p >= 0 && poseOf(p, frame);
    return pose ? joint(pose, motion.root).slice(0, 2).map((value, k) => inScene(value, k)) : null;
  }

  // The camera goes where the followed person goes, and stays turned as it is.
  function followedCamera() {
    const now = place(followed);
    if (!now || !anchor) { anchor = now ?? anchor; return {}; }
    const camera = structuredClone(scene.layout.scene.camera);
    for (const end of ["center", "eye"]) {
      camera[end].x += now[0] - anchor[0];
      camera[end].y += now[1] - anchor[1];
    }
    anchor = now;
    return { "scene.camera": camera };
  }

  const axis = (range) => ({ visible: false, range, autorange: false, showspikes: false });
  const layout = () => ({
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, paper_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink"), size: 13 } },
    scene: {
      xaxis: axis(ranges[0]), yaxis: axis(ranges[1]), zaxis: axis(ranges[2]), aspectmode: "manual",
      aspectratio: Object.fromEntries(ranges.map(([low, high], k) => ["xyz"[k], (high - low) / metres])),
      camera: camera(view), dragmode: "turntable", bgcolor: "rgba(0,0,0,0)",
    },
  });

  // --- Time ---

  function draw(f) {
    frame = f;
    const [data, traces] = drawn.update(f);
    Plotly.update(scene, data, followed >= 0 ? followedCamera() : {}, traces);
  }

  const curve = () => motion.curves[Number($("curve").value)];
  const share = (t) => (t - times[0]) / Math.max(1e-9, times[last] - times[0]);

  function drawTimeline() {
    const lines = uplift.timeline(motion, curve(), shown(), (f) => 1000 * share(times[f]));
    $("timeline").innerHTML = lines.svg;
    $("peak").textContent = lines.high;
    $("low").textContent = lines.low;
    uplift.film($("film"), motion.pictures, share);
  }

  function showTime(t) {
    $("now").textContent = t.toFixed(2);
    $("cursor").style.left = `${100 * share(t)}%`;
    const here = shown();
    const measured = here.some((p) => motion.people[p].observed[frame]);
    const present = here.some((p) => poseOf(p, frame));
    const words = measured ? "2D pose measured here" : present ? "filled in between key-frames" : "nobody in view";
    $("kind").className = measured ? "measured" : "";
    $("kind").textContent = words;
    $("slider").setAttribute("aria-valuetext", `${t.toFixed(2)} seconds, ${words}`);
    document.querySelectorAll(".chip").forEach((chip, p) => {
      chip.classList.toggle("measured", Boolean(motion.people[p].observed[frame]));
      chip.classList.toggle("absent", !motion.people[p].poses[frame]);
    });
    $("value").replaceChildren(...uplift.valuesAt(motion, curve(), here, frame).flatMap(({ colour, text }) => {
      const spot = document.createElement("i");
      spot.style.background = colour;
      return [spot, text];
    }));
    showPicture(t);
  }

  function showPicture(t) {
    const n = motion.pictures.findLastIndex((picture) => picture.time <= t + 1e-3);
    $("picture").hidden = n < 0;
    if (n >= 0 && $("picture").dataset.n !== String(n)) {
      $("picture").src = motion.pictures[n].data;
      $("picture").dataset.n = n;
    }
    for (const image of $("film").children) image.className = Number(image.dataset.n) === n ? "here" : "";
  }

  // The shown frame is the last one that is not later than the clock.
  function frameAt(t) {
    let low = 0, high = last;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= t + 1e-6) low = middle; else high = middle - 1;
    }
    return low;
  }

  function seek(t) {
    clock = Math.min(Math.max(t, times[0]), times[last]);
    const wanted = frameAt(clock);
    if (wanted !== frame) draw(wanted);
    $("slider").value = clock;
    showTime(clock);
  }

  function tick(now) {
    if (!playing) return;
    const elapsed = Math.min(0.25, (now - before) / 1000) * Number($("speed").value); // no leap after a hidden tab
    before = now;
    seek(clock + elapsed >= times[last] ? times[0] : clock + elapsed);
    requestAnimationFrame(tick);
  }

  function play(on) {
    playing = on && last > 0;
    $("play-icon").setAttribute("d", playing ? "M7 5h4v14H7zM13 5h4v14h-4z" : "M8 5v14l11-7z");
    $("play").setAttribute("aria-label", playing ? "pause" : "play");
    before = performance.now();
    if (playing) requestAnimationFrame(tick);
  }

  // --- What the hands do ---

  const keyFrames = times.map((_, f) => f).filter((f) => motion.people.some((person) => person.observed[f]));

  function keyboard(event) {
    const tag = event.target.tagName;
    if (event.ctrlKey || event.metaKey || event.altKey || ["SELECT", "SUMMARY"].includes(tag)) return;
    if (event.key === " " && tag === "BUTTON" && event.target.id !== "play") return;
    const jump = (f) => { play(false); seek(times[Math.min(last, Math.max(0, f))]); };
    const actions = {
      " ": () => play(!playing),
      ArrowRight: () => jump(event.shiftKey ? keyFrames.find((f) => f > frame) ?? last : frame + 1),
      ArrowLeft: () => jump(event.shiftKey ? keyFrames.findLast((f) => f < frame) ?? 0 : frame - 1),
      Home: () => jump(0),
      End: () => jump(last),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  // A finger or the mouse on the curve moves the time, and stops what plays.
  function scrub(event) {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    else if (!event.buttons) return;
    const box = $("plot").getBoundingClientRect();
    play(false);
    seek(times[0] + ((event.clientX - box.left) / box.width) * (times[last] - times[0]));
  }

  function redraw() {
    draw(frame);
    drawTimeline();
    showTime(clock);
  }

  function hideOrShow(p, button) {
    if (hidden.has(p)) hidden.delete(p); else hidden.add(p);
    button.setAttribute("aria-pressed", !hidden.has(p));
    look(view);
    redraw();
  }

  function follow(p) {
    followed = followed === p ? -1 : p;
    document.querySelectorAll(".chip .follow").forEach((button, n) => button.setAttribute("aria-pressed", n === followed));
    look(view);
  }

  function colours() {
    drawn.recolour(scene, frame);
    document.querySelectorAll(".chip i").forEach((spot, p) => { spot.style.background = uplift.colour(p, "middle"); });
    drawTimeline();
  }

  function start() {
    $("play").addEventListener("click", () => play(!playing));
    $("slider").addEventListener("input", () => { play(false); seek(Number($("slider").value)); });
    $("plot").addEventListener("pointerdown", scrub);
    $("plot").addEventListener("pointermove", scrub);
    $("curve").addEventListener("change", () => { drawTimeline(); showTime(clock); });
    document.querySelectorAll("[data-view]").forEach((button) => button.addEventListener("click", () => look(button.dataset.view)));
    document.querySelectorAll(".chip").forEach((chip, p) => {
      const button = chip.querySelector(".shown");
      button.addEventListener("click", () => hideOrShow(p, button));
      chip.querySelector(".follow").addEventListener("click", () => follow(p));
    });
    document.addEventListener("keydown", keyboard, true);
    dark.addEventListener("change", colours);
    new ResizeObserver(() => {
      Plotly.relayout(scene, { width: scene.clientWidth, height: scene.clientHeight, "scene.camera": camera(view) });
      drawTimeline();
    }).observe(scene);
    if (dark.matches) colours();
    drawTimeline();
    const asked = new URLSearchParams(location.hash.slice(1));
    look(["camera", "oblique", "side", "top"].includes(asked.get("view")) ? asked.get("view") : view);
    if (asked.has("follow")) follow(Math.min(motion.people.length - 1, Number(asked.get("follow")) || 0));
    if (asked.has("curve")) { $("curve").value = String(Math.min(motion.curves.length - 1, Number(asked.get("curve")) || 0)); drawTimeline(); }
    seek(asked.has("t") ? Number(asked.get("t")) || 0 : times[0]);
    play(!asked.has("t") && !matchMedia("(prefers-reduced-motion: reduce)").matches);
    document.body.dataset.ready = "true";
  }

  if (last < 0) { document.body.dataset.ready = "empty"; return; }
  Plotly.newPlot(scene, drawn.traces(0), layout(), { displayModeBar: false, scrollZoom: true }).then(start);
})();
