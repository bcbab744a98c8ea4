"use strict";
// Plays the motion in the #motion script. Poses are millimetres in display axes: x right, y away, z up.
(() => {
  const motion = JSON.parse(document.getElementById("motion").textContent);
  const scene = document.getElementById("scene");
  const $ = (id) => document.getElementById(id);
  const SIDES = 12; // of a limb's cross-section
  // Round ends: [which end, radii beyond it, share of the radius].
  const RINGS = [[0, -0.82, 0.5], [0, -0.48, 0.86], [0, 0, 1], [1, 0, 1], [1, 0.48, 0.86], [1, 0.82, 0.5]];
  const TRAIL_S = 0.7;
  const times = motion.times;
  const last = times.length - 1;
  const people = motion.people.length;
  let frame = 0;

  // One closed limb: a pole, four rings and a pole; the same triangles for every bone.
  const limbVertices = 2 + RINGS.length * SIDES;
  function limbTriangles() {
    const triangles = [];
    const at = (ring, side) => 1 + ring * SIDES + (side % SIDES);
    for (let s = 0; s < SIDES; s++) {
      triangles.push([0, at(0, s + 1), at(0, s)]);
      for (let r = 0; r + 1 < RINGS.length; r++) {
        triangles.push([at(r, s), at(r, s + 1), at(r + 1, s)], [at(r, s + 1), at(r + 1, s + 1), at(r + 1, s)]);
      }
      triangles.push([limbVertices - 1, at(RINGS.length - 1, s), at(RINGS.length - 1, s + 1)]);
    }
    return triangles;
  }

  const joint = (pose, j) => [pose[3 * j] / 1000, pose[3 * j + 1] / 1000, pose[3 * j + 2] / 1000];

  // A bone's own axes: d along it, u and v across.
  function axes(a, b) {
    const d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    const length = Math.hypot(...d) || 1e-6;
    for (let k = 0; k < 3; k++) d[k] /= length;
    const helper = Math.abs(d[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
    let u = [d[1] * helper[2] - d[2] * helper[1], d[2] * helper[0] - d[0] * helper[2], d[0] * helper[1] - d[1] * helper[0]];
    const norm = Math.hypot(...u);
    u = u.map((x) => x / norm);
    const v = [d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2], d[0] * u[1] - d[1] * u[0]];
    return { d, u, v };
  }

  // The round ends reach 0.95 radii beyond the joints, except at the top of the head, which is the head's top.
  function addLimb(out, a, b, { radius, inset }) {
    const { d, u, v } = axes(a, b);
    b = b.map((value, k) => value - d[k] * inset);
    const put = (end, along, across, angle) => {
      const c = Math.cos(angle) * across, s = Math.sin(angle) * across;
      for (let k = 0; k < 3; k++) out[k].push(end[k] + d[k] * along + u[k] * c + v[k] * s);
    };
    put(a, -0.95 * radius, 0, 0);
    for (const [end, beyond, share] of RINGS) {
      for (let s = 0; s < SIDES; s++) put(end ? b : a, beyond * radius, share * radius, (2 * Math.PI * s) / SIDES);
    }
    put(b, 0.95 * radius, 0, 0);
  }

  function body(pose) {
    const out = [[], [], []];
    for (const bone of motion.bones) {
      if (pose) addLimb(out, joint(pose, bone.from), joint(pose, bone.to), bone);
      else for (let n = 0; n < limbVertices; n++) out.forEach((axis) => axis.push(0)); // absent: no extent
    }
    return { x: out[0], y: out[1], z: out[2] };
  }

  // Lines of several people in one trace, pieces separated by null.
  function polyline(pieces) {
    const out = { x: [], y: [], z: [] };
    for (const piece of pieces) {
      for (const [x, y, z] of piece) { out.x.push(x); out.y.push(y); out.z.push(z); }
      out.x.push(null); out.y.push(null); out.z.push(null);
    }
    return out;
  }

  const poses = (f) => motion.people.map((person) => person.poses[f]).filter(Boolean);
  const shadow = (f) => polyline(poses(f).flatMap((pose) =>
    motion.bones.map((bone) => [bone.from, bone.to].map((j) => [...joint(pose, j).slice(0, 2), 0.004]))));

  function trail(f, side) {
    let start = f;
    while (start > 0 && times[f] - times[start - 1] <= TRAIL_S) start--;
    const ends = motion.trails.filter((entry) => entry.side === side);
    return polyline(motion.people.flatMap((person) => ends.map((entry) => {
      const points = [];
      for (let k = start; k <= f; k++) if (person.poses[k]) points.push(joint(person.poses[k], entry.joint));
      return points;
    })));
  }

  const touched = (person, f) => {
    const pose = person.poses[f];
    const points = pose ? motion.joints.map((_, j) => joint(pose, j)) : [];
    return { x: points.map((p) => p[0]), y: points.map((p) => p[1]), z: points.map((p) => p[2]) };
  };

  function floor() {
    const [[x0, x1], [y0, y1]] = motion.floor;
    const lines = [];
    for (let x = x0; x <= x1 + 1e-6; x += 0.5) lines.push([[x, y0, 0], [x, y1, 0]]);
    for (let y = y0; y <= y1 + 1e-6; y += 0.5) lines.push([[x0, y, 0], [x1, y, 0]]);
    return { type: "scatter3d", mode: "lines", ...polyline(lines), line: { color: "#cdd4dd", width: 1.5 }, hoverinfo: "skip" };
  }

  function traces(f) {
    const triangles = limbTriangles();
    const index = (k) => motion.bones.flatMap((_, b) => triangles.map((t) => b * limbVertices + t[k]));
    const [i, j, k] = [index(0), index(1), index(2)];
    const bodies = motion.people.map((person) => ({
      type: "mesh3d", ...body(person.poses[f]), i, j, k, hoverinfo: "skip",
      vertexcolor: motion.bones.flatMap((bone) => Array(limbVertices).fill(person.colours[bone.side])),
      lighting: { ambient: 0.62, diffuse: 0.55, specular: 0.12, roughness: 0.7, fresnel: 0.05 },
      lightposition: { x: -2000, y: -4000, z: 6000 },
    }));
    const joints = motion.people.map((person) => ({
      type: "scatter3d", mode: "markers", ...touched(person, f), marker: { size: 7, opacity: 0.01, color: "#fff" },
      text: motion.joints, hovertemplate: "%{text}<br>x %{x:.2f}, away %{y:.2f}, up %{z:.2f} m<extra>" + person.name + "</extra>",
    }));
    const trails = ["left", "right"].map((side) => ({
      type: "scatter3d", mode: "lines", ...trail(f, side), hoverinfo: "skip", opacity: 0.45,
      line: { width: 4, color: motion.people[0].colours[side] },
    }));
    return [
      floor(),
      ...bodies,
      { type: "scatter3d", mode: "lines", ...shadow(f), hoverinfo: "skip", line: { color: "#d3d9e1", width: 9 } },
      ...trails,
      ...joints,
    ];
  }

  // Bigger than life on a narrow window is no use: fit the wider of width and height.
  const ranges = [...motion.floor, motion.bounds[2]];
  const size = (limits) => limits.map(([low, high]) => high - low);
  const middle = (limits) => limits.map(([low, high]) => (low + high) / 2);

  function metresPerUnit() {
    const [x, y, z] = size(motion.bounds);
    const wide = Math.max(0.4, scene.clientWidth / Math.max(1, scene.clientHeight));
    return Math.max(z, x / wide, (0.6 * y) / wide) / (people > 1 ? 1.1 : 1.2);
  }

  function proportions() {
    const [x, y, z] = size(ranges).map((length) => length / metresPerUnit());
    return { x, y, z };
  }

  const VIEWS = {
    camera: { eye: { x: 0, y: -1.55, z: 0.16 }, up: { x: 0, y: 0, z: 1 } },
    oblique: { eye: { x: people > 1 ? 0.3 : 0.62, y: -1.42, z: 0.36 }, up: { x: 0, y: 0, z: 1 } },
    side: { eye: { x: 1.55, y: 0, z: 0.16 }, up: { x: 0, y: 0, z: 1 } },
    top: { eye: { x: 0, y: -0.01, z: 1.7 }, up: { x: 0, y: 1, z: 0 } },
  };
  function camera(name) {
    const [a, b] = [middle(motion.bounds), middle(ranges)];
    const [x, y, z] = a.map((value, k) => (value - b[k]) / metresPerUnit());
    const { eye, up } = VIEWS[name]; // centred on the people rather than on the floor
    return { up, center: { x, y, z: z - 0.05 }, eye: { x: eye.x + x, y: eye.y + y, z: eye.z + z }, projection: { type: "perspective" } };
  }
  const hidden = (range) => ({ visible: false, range, autorange: false, showspikes: false });
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, paper_bgcolor: "rgba(0,0,0,0)", uirevision: "keep",
    hoverlabel: { bgcolor: "#fff", bordercolor: "#d9dee5", font: { color: "#1d2530", size: 13 } },
    scene: {
      xaxis: hidden(ranges[0]), yaxis: hidden(ranges[1]), zaxis: hidden(ranges[2]),
      aspectmode: "manual", aspectratio: proportions(), camera: camera("oblique"), dragmode: "turntable",
      bgcolor: "rgba(0,0,0,0)",
    },
  };

  const moving = traces(0).map((_, k) => k).slice(1); // all but the floor

  function draw(f) {
    frame = f;
    const parts = [
      ...motion.people.map((person) => body(person.poses[f])), shadow(f), trail(f, "left"), trail(f, "right"),
      ...motion.people.map((person) => touched(person, f)),
    ];
    const pick = (key) => parts.map((part) => part[key]);
    Plotly.restyle(scene, { x: pick("x"), y: pick("y"), z: pick("z") }, moving);
  }

  function showTime(t) {
    $("now").textContent = t.toFixed(2);
    $("cursor").style.left = `${(100 * (t - times[0])) / Math.max(1e-9, times[last] - times[0])}%`;
    const measured = motion.people.some((person) => person.observed[frame]);
    const present = motion.people.some((person) => person.poses[frame]);
    $("kind").className = measured ? "measured" : "";
    $("kind").textContent = measured ? "2D pose measured here" : present ? "filled in between key-frames" : "nobody in view";
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

  let clock = times[0] ?? 0, playing = false, before = 0;

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

  const keyFrames = times.map((_, f) => f).filter((f) => motion.people.some((person) => person.observed[f]));

  function keyboard(event) {
    if (["SELECT", "SUMMARY"].includes(event.target.tagName)) return;
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
    actions[event.key]();
  }

  function start() {
    $("play").addEventListener("click", () => play(!playing));
    $("slider").addEventListener("input", () => { play(false); seek(Number($("slider").value)); });
    $("timeline").addEventListener("pointerdown", (event) => {
      const box = $("timeline").getBoundingClientRect();
      seek(times[0] + ((event.clientX - box.left) / box.width) * (times[last] - times[0]));
    });
    document.querySelectorAll("[data-view]").forEach((button) => button.addEventListener("click", () =>
      Plotly.relayout(scene, { "scene.camera": camera(button.dataset.view) })));
    document.addEventListener("keydown", keyboard, true);
    new ResizeObserver(() => {
      Plotly.relayout(scene, { width: scene.clientWidth, height: scene.clientHeight, "scene.aspectratio": proportions() });
    }).observe(scene);
    const asked = /t=([\d.]+)/.exec(location.hash);
    seek(asked ? Number(asked[1]) : times[0]);
    play(!asked && !matchMedia("(prefers-reduced-motion: reduce)").matches);
    document.body.dataset.ready = "true";
  }

  if (last < 0) { document.body.dataset.ready = "empty"; return; }
  Plotly.newPlot(scene, traces(0), layout, { displayModeBar: false, scrollZoom: true }).then(start);
})();
