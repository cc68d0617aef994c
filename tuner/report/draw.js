/* Runs in the page that draws pictures, after plotly.js.

   A figure is laid out once. PNG is made of the SVG that came of it, as plotly makes it, too; but plotly
   lays the figure out once more for it, which takes as long as all the rest where there are thousands of
   trials. */

async function picture(figure, size) {
  const svg = await Plotly.toImage(figure, { ...size, format: "svg", imageDataOnly: true });
  return { svg, png: await raster(svg, size) };
}

/* Returns the bytes of a PNG, in base64. */
async function raster(svg, { width, height, scale }) {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml;charset=utf-8" }));
  try {
    await new Promise((loaded, failed) => {
      image.onload = loaded;
      image.onerror = () => failed(new Error("the browser cannot read its own SVG"));
      image.src = url;
    });
    const canvas = document.createElement("canvas");
    canvas.width = scale * width;
    canvas.height = scale * height;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png").split(",", 2)[1];
  } finally {
    URL.revokeObjectURL(url);
  }
}
