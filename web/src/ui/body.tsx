import { parse, type Part } from "./rich";
import { t } from "./texts";
import { useState } from "preact/hooks";

/** A message's text. Everything in it is text; code and addresses are set apart. */
export function Body({ text }: { text: string }) {
  return (
    <div class="text">
      {parse(text).map((part, index) => (
        <Piece key={index} part={part} />
      ))}
    </div>
  );
}

function Piece({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <>{part.text}</>;
    case "code":
      return <code>{part.text}</code>;
    case "block":
      return <Block text={part.text} language={part.language} />;
    case "link":
      return (
        <a class="link" href={part.text} target="_blank" rel="noopener noreferrer nofollow">
          {part.text}
        </a>
      );
  }
}

function Block({ text, language }: { text: string; language: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <div class="block">
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <div class="block-foot">
        <span class="quiet small">{language}</span>
        {/* Missing where the page did not come over HTTPS. */}
        {"clipboard" in navigator && (
          <button class="slight" type="button" onClick={copy}>
            {isCopied ? t.value.copied : t.value.copy}
          </button>
        )}
      </div>
    </div>
  );
}
