/*
 * embed_colour: the nearest shade of a brand's colour that can be read as text.
 *
 * Contrast is that of WCAG 2.2 (relative luminance, 1.4.3): (L1 + 0.05) / (L2 + 0.05), at least 4.5.
 */

const embedChannels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

const embedLuminance = (channels) => {
  const [r, g, b] = channels.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const embedContrast = (one, other) => {
  const [light, dark] = [embedLuminance(one), embedLuminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
};

/* colour ("#00aa77") on paper ("#ffffff"): itself, or mixed with as little black or white as it takes. */
const embedShade = (colour, paper) => {
  const from = embedChannels(colour);
  const ground = embedChannels(paper);
  const to = embedLuminance(ground) > 0.18 ? 0 : 255;
  for (let step = 0; step <= 50; step++) {
    const mixed = from.map((value) => Math.round(value + ((to - value) * step) / 50));
    if (embedContrast(mixed, ground) >= 4.5) return `rgb(${mixed.join(" ")})`;
  }
  return `rgb(${to} ${to} ${to})`;
};
