// Limbs with round ends, as triangles. Poses are millimetres in display axes: x right, y away, z up.
const uplift = {};
(() => {
  const SIDES = 12; // of a limb's cross-section
  // Round ends: [which end, radii beyond it, share of the radius].
  const RINGS = [[0, -0.82, 0.5], [0, -0.48, 0.86], [0, 0, 1], [1, 0, 1], [1, 0.48, 0.86], [1, 0.82, 0.5]];

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

  // All limbs of a pose; without one, of no extent.
  function body(bones, pose) {
    const out = [[], [], []];
    for (const bone of bones) {
      if (pose) addLimb(out, joint(pose, bone.from), joint(pose, bone.to), bone);
      else for (let n = 0; n < limbVertices; n++) out.forEach((axis) => axis.push(0));
    }
    return { x: out[0], y: out[1], z: out[2] };
  }

  function bodyTriangles(bones) {
    const triangles = limbTriangles();
    const index = (k) => bones.flatMap((_, b) => triangles.map((t) => b * limbVertices + t[k]));
    return { i: index(0), j: index(1), k: index(2) };
  }

  // Lines in one trace, pieces separated by null.
  function polyline(pieces) {
    const out = { x: [], y: [], z: [] };
    for (const piece of pieces) {
      for (const [x, y, z] of piece) { out.x.push(x); out.y.push(y); out.z.push(z); }
      out.x.push(null); out.y.push(null); out.z.push(null);
    }
    return out;
  }

  // #rrggbb with an opacity.
  const faded = (colour, opacity) => {
    const [r, g, b] = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
    return `rgba(${r},${g},${b},${opacity})`;
  };

  Object.assign(uplift, { faded, limbVertices, joint, body, bodyTriangles, polyline });
})();
