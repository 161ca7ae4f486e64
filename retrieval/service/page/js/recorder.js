// A recording by the microphone that asks. The button is there where the browser may record.
import { classes, html, useEffect, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { clock, t } from "./words.js";

const LONGEST_S = 30; // it ends by itself
const FORMS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

/** onRecord(file, name): a recording was made. */
export function Recorder({ onRecord }) {
  const running = useRef(null);
  const [seconds, setSeconds] = useState(null); // null: nothing is recorded
  const [refusal, setRefusal] = useState("");
  useEffect(() => () => running.current?.drop(), []);
  useEffect(() => {
    if (seconds === null) return undefined;
    const timer = setTimeout(() => (seconds + 1 < LONGEST_S ? setSeconds(seconds + 1) : running.current.stop()), 1000);
    return () => clearTimeout(timer);
  }, [seconds]);
  if (!canRecord()) return null;
  const start = async () => {
    setRefusal("");
    try {
      running.current = await recording((file) => {
        running.current = null;
        setSeconds(null);
        if (file) onRecord(file, t("record.name"));
      });
      setSeconds(0);
    } catch (error) {
      setRefusal(error.name === "NotFoundError" ? "record.none" : "record.refused");
    }
  };
  const isOn = seconds !== null;
  const label = t(isOn ? "record.stop" : "record.start");
  return html`<button type="button" class=${classes("icon-button record", { "is-on": isOn })} aria-label=${label} title=${label} onClick=${isOn ? () => running.current?.stop() : start}>
      <${Icon} name=${isOn ? "stop" : "microphone"} /></button>
    ${isOn && html`<span class="record-time" role="timer">${clock(seconds * 1000)}</span>`}
    <span class=${refusal ? "record-refusal" : "sr-only"} role="status">${refusal ? t(refusal) : isOn ? t("record.on") : ""}</span>`;
}

/** A recording that goes on until stop() or drop(); onEnd(file, or null where nothing was heard or it was dropped). */
async function recording(onEnd) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const form = FORMS.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, form ? { mimeType: form } : {});
  const parts = [];
  let isDropped = false;
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => {
    stream.getTracks().forEach((each) => each.stop());
    const [type] = recorder.mimeType.split(";");
    const content = new Blob(parts, { type });
    onEnd(content.size && !isDropped ? new File([content], `recording.${type.split("/")[1]}`, { type }) : null);
  };
  recorder.start();
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  return { stop, drop: () => { isDropped = true; stop(); } };
}
