/*
 * embed_options: what the page asks for, by the attributes of the script element.
 */

const embedDayMs = 86400000;

const embedCount = (text, other) => (text && Number(text) >= 0 ? Number(text) : other);

/* data-property-branch="north" is the property branch; data-property-order-id is order_id. */
const embedProperties = (script) => {
  const found = {};
  for (const { name, value } of script.attributes) {
    const [, property] = /^data-property-(.+)$/.exec(name) || [];
    if (property) found[property.replace(/-/g, "_")] = value;
  }
  return found;
};

const embedRead = (script) => {
  const data = script.dataset;
  const inline = data.mode === "inline";
  return {
    script,
    base: new URL(".", script.src).href,
    survey: data.survey || "",
    key: data.key,
    inline,
    target: data.target,
    event: data.on,
    /* In a corner nobody is met at the door; where the page made room, or said when, nobody waits. */
    afterMs: 1000 * embedCount(data.after, inline || data.on ? 0 : 5),
    againMs: embedDayMs * embedCount(data.again, 90),
    language: data.language,
    channel: data.channel || "web",
    respondent: data.respondent,
    properties: embedProperties(script),
    respectDnt: data.respectDnt === "1",
    position: data.position === "left" ? "left" : "right",
    theme: ["light", "dark"].includes(data.theme) ? data.theme : "auto",
    shadow: data.shadow === "open" ? "open" : "closed",
  };
};

const embedIsPrivate = () =>
  navigator.globalPrivacyControl === true || [navigator.doNotTrack, window.doNotTrack].includes("1");
