// The camera: pictures to the server, people in 3D back.

import { complain } from "/page/app.js";
import { Figure } from "/page/figure.js";

const byId = (id) => document.getElementById(id);
const WIDTH_PX = 960;
const QUALITY = 0.8;
const [video, figure] = [byId("picture"), new Figure(byId("figure"))];
const shot = document.createElement("canvas");
let socket = null;
let stream = null;
let busy = false; // a picture is on its way
let latest = -1;

async function start() {
  complain("live-error", "");
  if (!navigator.mediaDevices) {
    complain("live-error", "Browsers give a page the camera on this machine (localhost, 127.0.0.1) or over https only.");
    return;
  }
  try {
    const wanted = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    const none = error.name === "NotFoundError";
    complain("live-error", none ? "There is no camera." : `The camera cannot be used: ${error.message}.`);
    return;
  }
  stream.getVideoTracks()[0].addEventListener("ended", () => stop("The camera was unplugged or taken away."));
  video.srcObject = stream;
  await video.play();
  video.hidden = false;
  byId("hint").hidden = true;
  byId("camera").textContent = "Stop the camera";
  byId("account").textContent = "loading the networks";
  connect();
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/api/webcam`);
  socket.binaryType = "arraybuffer";
  busy = true; // until the networks are loaded
  latest = -1;
  socket.onopen = () => socket.send(JSON.stringify({ detector: byId("live-detector").value }));
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = () => stop(stream ? "The server ended the connection (is a camera in use in another window?)." : "");
}

function hear(message) {
  if (message.kind === "ready") {
    figure.bones = message.bones;
    figure.sides = message.sides;
    busy = false;
    next();
  } else if (message.kind === "taken") {
    busy = false;
  } else if (message.kind === "poses") {
    figure.show(message.people);
    document.body.dataset.people = String(message.people.length);
    document.body.dataset.poses = String(Number(document.body.dataset.poses || 0) + 1);
  } else if (message.kind === "account") {
    byId("account").textContent = message.words;
  } else if (message.kind === "failed") {
    stop(message.message);
  }
}

function next() {
  if (!stream) return;
  const again = () => next();
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(again);
  else setTimeout(again, 33);
  const now = performance.now() / 1000;
  if (busy || now <= latest || !socket || socket.readyState !== WebSocket.OPEN || !video.videoWidth) return;
  busy = true;
  latest = now;
  const scale = Math.min(1, WIDTH_PX / video.videoWidth);
  [shot.width, shot.height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
  shot.getContext("2d").drawImage(video, 0, 0, shot.width, shot.height);
  shot.toBlob(async (blob) => {
    if (!blob || !socket || socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(8 + blob.size);
    new DataView(message.buffer).setFloat64(0, now, true);
    message.set(new Uint8Array(await blob.arrayBuffer()), 8);
    socket?.send(message);
  }, "image/jpeg", QUALITY);
}

function stop(message) {
  if (!stream && !socket) return;
  for (const track of stream?.getTracks() || []) track.stop();
  const open = socket;
  [stream, socket] = [null, null];
  open?.close();
  video.hidden = true;
  video.srcObject = null;
  byId("hint").hidden = false;
  byId("camera").textContent = "Start the camera";
  byId("account").textContent = "";
  figure.show([]);
  complain("live-error", message);
}

byId("camera").addEventListener("click", () => (stream ? stop("") : start()));
document.addEventListener("tab", (event) => {
  if (event.detail === "webcam") figure.draw();
  else stop("");
});
addEventListener("pagehide", () => stop(""));
