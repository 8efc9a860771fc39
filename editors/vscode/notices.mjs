// Writes dist/NOTICES.txt: the licences of the packages in the bundle.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const bundled = Object.entries(packages).filter(([folder, { dev }]) => folder !== "" && !dev);
const notices = bundled.map(([folder, { version }]) => {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return `${folder.replace(/^.*node_modules\//, "")} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
});
mkdirSync("dist", { recursive: true });
writeFileSync("dist/NOTICES.txt", notices.join(`\n${"-".repeat(80)}\n\n`));
