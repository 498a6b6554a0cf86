// What is wrong with the page that is shown, as sentences: language, headings, labels, tap targets, contrast, sideways scrolling.
// Given to Playwright's evaluate, which runs it on pages without scripts too.
() => {
  const faults = [];
  const said = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> “${(element.textContent || element.id || "").trim().replace(/\s+/g, " ").slice(0, 50)}”`;

  const clipped = (element) => {
    for (let one = element; one && one.nodeType === 1; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.display === "none" || style.visibility !== "visible" || style.clipPath !== "none" || one.hidden) return true;
      if (one.tagName === "DETAILS" && !one.open && one !== element && !element.closest("summary")) return true;
    }
    return false;
  };

  const colour = (text) => {
    const parts = text.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    if (!parts) throw new Error(`a colour like ${text} cannot be judged`);
    return { rgb: parts.slice(1, 4).map(Number), alpha: parts[4] === undefined ? 1 : Number(parts[4]) };
  };
  const over = (above, below) => above.rgb.map((part, at) => part * above.alpha + below[at] * (1 - above.alpha));
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const own = colour(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, behind(element.parentElement));
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };

  const readable = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || clipped(element) || ["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
      const style = getComputedStyle(element);
      const below = behind(element);
      const ink = colour(element instanceof SVGElement ? style.fill : style.color);
      const size = parseFloat(style.fontSize);
      const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const found = contrast(over(ink, below), below);
      if (found < wanted) faults.push(`contrast ${found.toFixed(2)} of ${said(element)}`);
      if (size < 12 && !(element instanceof SVGElement)) faults.push(`text of ${size} px: ${said(element)}`);
    }
  };

  const reachable = () => {
    document.querySelectorAll("a[href], button, input, select, textarea, summary").forEach((element) => {
      if (element.type === "hidden" || clipped(element) || element.classList.contains("skip")) return;
      const style = getComputedStyle(element);
      const isInText = style.display === "inline" && element.parentElement.textContent.trim() !== element.textContent.trim();
      if (element.tagName === "A" && isInText) return;
      const area = (["radio", "checkbox"].includes(element.type) && element.closest("label")) || element;
      const box = area.getBoundingClientRect();
      if (box.width < 24 || box.height < 24) faults.push(`a target of ${Math.round(box.width)} × ${Math.round(box.height)}: ${said(element)}`);
    });
  };

  const labelled = () => {
    document.querySelectorAll("input, select, textarea, button, iframe").forEach((field) => {
      if (field.type === "hidden" || field.closest("[aria-hidden=true]")) return;
      const name = field.getAttribute("aria-label") || field.title || field.textContent.trim() || [...(field.labels || [])].map((label) => label.textContent.trim()).join(" ");
      const isNamed = field.tagName === "SELECT" || field.tagName === "TEXTAREA" ? field.labels.length > 0 : Boolean(name);
      if (!isNamed) faults.push(`no label for ${field.outerHTML.slice(0, 120)}`);
      (field.getAttribute("aria-describedby") || "").split(/\s+/).filter(Boolean).forEach((id) => {
        if (!document.getElementById(id)) faults.push(`described by #${id}, which is not there`);
      });
    });
    document.querySelectorAll("fieldset").forEach((group) => { if (!group.querySelector("legend")) faults.push("a group without a legend"); });
    document.querySelectorAll("img").forEach((picture) => { if (!picture.hasAttribute("alt")) faults.push(`no text for ${picture.src}`); });
    document.querySelectorAll("a[href^='#']").forEach((link) => {
      if (!document.getElementById(link.getAttribute("href").slice(1))) faults.push(`${link.getAttribute("href")} leads nowhere`);
    });
  };

  const ordered = () => {
    if (!document.documentElement.lang) faults.push("no language");
    if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} first headings`);
    if (document.querySelectorAll("main").length !== 1) faults.push("no one main part");
    if (!document.title.trim()) faults.push("no title");
    let before = 0;
    document.querySelectorAll("h1, h2, h3, h4").forEach((heading) => {
      const level = Number(heading.tagName[1]);
      if (level > before + 1) faults.push(`a heading of level ${level} after ${before}: ${said(heading)}`);
      before = level;
    });
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => faults.push(`#${id} is there twice`));
  };

  const fits = () => {
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return;
    const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > page.clientWidth + 1 && !clipped(element));
    faults.push(`${page.scrollWidth} px wide on a screen of ${page.clientWidth}: ${wide.slice(-3).map(said).join(", ")}`);
  };

  [ordered, labelled, readable, reachable, fits].forEach((look) => look());
  return [...new Set(faults)];
}
