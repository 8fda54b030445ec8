/** A block explained: its drawing, what it does, its formula and source, and what each parameter means. */

import type { BlockDeclaration, ParameterDeclaration } from "../wire";
import { Expansion } from "./Expansion";
import { shown } from "./parameters";
import { picture } from "./pictures";
import "./help.css";

export function BlockHelp({ block }: { block: BlockDeclaration }) {
  return (
    <article className="kb-block-help" aria-label={`About ${block.label}`}>
      <h3>{block.label}</h3>
      <p>{block.summary}</p>
      {picture(block.picture ?? "")}
      {block.formula && <pre className="kb-formula">{block.formula}</pre>}
      <Expansion layers={block.expansion ?? []} />
      <Reference text={block.reference} />
      {block.parameters.length > 0 && <Parameters parameters={block.parameters} />}
    </article>
  );
}

function Reference({ text }: { text: string }) {
  if (!text) return null;
  const isAddress = /^https:\/\//.test(text);
  return (
    <p className="kb-reference">
      {isAddress ? (
        <a href={text} target="_blank" rel="noreferrer">
          {text}
        </a>
      ) : (
        text
      )}
    </p>
  );
}

function Parameters({ parameters }: { parameters: readonly ParameterDeclaration[] }) {
  const plain = parameters.filter(({ advanced }) => !advanced);
  const advanced = parameters.filter((parameter) => parameter.advanced);
  return (
    <>
      {plain.length > 0 && <ParameterTable parameters={plain} />}
      {advanced.length > 0 && (
        <details>
          <summary>{advanced.length} advanced settings</summary>
          <ParameterTable parameters={advanced} />
        </details>
      )}
    </>
  );
}

function ParameterTable({ parameters }: { parameters: readonly ParameterDeclaration[] }) {
  return (
    <table className="kb-parameters">
      <thead>
        <tr>
          <th scope="col">Setting</th>
          <th scope="col">Default</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {parameters.map((parameter) => (
          <tr key={parameter.name}>
            <th scope="row">{parameter.label}</th>
            <td className="kb-code">{shown(parameter.default) || "none"}</td>
            <td>
              {parameter.help} {parameter.why && <span className="kb-quiet">{parameter.why}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
