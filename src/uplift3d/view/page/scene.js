// What is drawn of a motion at a frame: floor, shadows, bodies, trails, and joints to point at.
(() => {
  const TRAIL_S = 0.7;
  const { joint, polyline } = uplift;
  const SHADOW_M = 0.004; // above the floor

  // `poseOf(p, f)` is null for somebody absent or hidden; `look` has dark() and css(name).
  uplift.drawing = (motion, poseOf, look) => {
    const { times, people } = motion;
    const fades = people.some((person) => person.unsure); // limbs whose joints are not sure
    const firstBody = 2; // traces: floor, shadow, bodies, trails, joints

    // The dark colours of trunks are lightened on a dark page.
    uplift.colour = (p, side) => {
      const colour = people[p].colours[side];
      if (!look.dark() || side !== "middle") return colour;
      const parts = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
      return `#${parts.map((v) => Math.round(v + 0.38 * (255 - v)).toString(16).padStart(2, "0")).join("")}`;
    };

    const body = (p, f) => uplift.body(motion.bones, poseOf(p, f));

    const shadow = (f) => polyline(people.map((_, p) => poseOf(p, f)).filter(Boolean).flatMap((pose) =>
      motion.bones.map((bone) => [bone.from, bone.to].map((j) => [...joint(pose, j).slice(0, 2), SHADOW_M]))));

    // A trail ends where its person has left, and does not reach over an absence.
    function trail(f, side) {
      const ends = motion.trails.filter((entry) => entry.side === side);
      return polyline(people.flatMap((_, p) => {
        let start = f + 1;
        while (start > 0 && poseOf(p, start - 1) && times[f] - times[start - 1] <= TRAIL_S) start--;
        const frames = Array.from({ length: f + 1 - start }, (_, k) => start + k);
        return ends.map((entry) => frames.map((k) => joint(poseOf(p, k), entry.joint)));
      }));
    }

    function touched(p, f) {
      const pose = poseOf(p, f);
      const points = pose ? motion.joints.map((_, j) => joint(pose, j)) : [];
      return { x: points.map((q) => q[0]), y: points.map((q) => q[1]), z: points.map((q) => q[2]) };
    }

    function floor() {
      const [[x0, x1], [y0, y1]] = motion.floor, lines = [];
      for (let x = x0; x <= x1 + 1e-6; x += motion.square) lines.push([[x, y0, 0], [x, y1, 0]]);
      for (let y = y0; y <= y1 + 1e-6; y += motion.square) lines.push([[x0, y, 0], [x1, y, 0]]);
      return polyline(lines);
    }

    function limbColours(p, f) {
      const unsure = people[p].unsure?.[f];
      const colours = {};
      for (const { side } of motion.bones) colours[side] ??= motion.opacities.map((share) => uplift.faded(uplift.colour(p, side), share));
      const half = uplift.limbVertices / 2;
      return motion.bones.flatMap((bone) => [bone.from, bone.to].flatMap((j) =>
        Array(half).fill(colours[bone.side][Number(unsure?.[j] ?? 0)])));
    }

    function traces(f) {
      const triangles = uplift.bodyTriangles(motion.bones);
      const plain = { type: "scatter3d", mode: "lines", hoverinfo: "skip" };
      const bodies = people.map((_, p) => ({
        type: "mesh3d", ...body(p, f), ...triangles, hoverinfo: "skip", vertexcolor: limbColours(p, f),
        lighting: { ambient: 0.62, diffuse: 0.55, specular: 0.12, roughness: 0.7, fresnel: 0.05 },
        lightposition: { x: -2000, y: -4000, z: 6000 },
      }));
      const joints = people.map((person, p) => ({
        type: "scatter3d", mode: "markers", ...touched(p, f), marker: { size: 7, opacity: 0.01, color: "#fff" },
        text: motion.joints, hovertemplate: "%{text}<br>x %{x:.2f}, away %{y:.2f}, up %{z:.2f} m<extra>" + person.name + "</extra>",
      }));
      const trails = ["left", "right"].map((side) => ({
        ...plain, ...trail(f, side), opacity: 0.45, line: { width: 4, color: motion.sides[side] },
      }));
      return [
        { ...plain, ...floor(), line: { color: look.css("--floor"), width: 1.5 } },
        { ...plain, ...shadow(f), line: { color: look.css("--shadow"), width: 9 } },
        ...bodies, ...trails, ...joints,
      ];
    }

    // What changes from frame to frame, and of which traces.
    function update(f) {
      const everybody = people.map((_, p) => p);
      const parts = [
        shadow(f), ...everybody.map((p) => body(p, f)), trail(f, "left"), trail(f, "right"), ...everybody.map((p) => touched(p, f)),
      ];
      const pick = (key) => parts.map((part) => part[key]);
      const data = { x: pick("x"), y: pick("y"), z: pick("z") };
      if (fades) data.vertexcolor = parts.map((_, k) => (k >= 1 && k <= people.length ? limbColours(k - 1, f) : undefined));
      return [data, parts.map((_, k) => k + 1)];
    }

    // After a change between light and dark.
    function recolour(scene, f) {
      Plotly.restyle(scene, { "line.color": [look.css("--floor"), look.css("--shadow")] }, [0, 1]);
      people.forEach((_, p) => Plotly.restyle(scene, { vertexcolor: [limbColours(p, f)] }, [firstBody + p]));
    }

    return { traces, update, recolour };
  };
})();
