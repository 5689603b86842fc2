import { useEffect, useState } from "preact/hooks";
import type { Pending } from "../sdk/outbox";
import type { PendingFile } from "../sdk/store";
import type { FileRef } from "../sdk/wire";
import { remove, status } from "./client";
import { fileSize } from "./format";
import { Icon } from "./icon";
import { t } from "./texts";

/** Types that every browser shows as pictures and runs nothing of. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

export function isPicture(mimeType: string): boolean {
  return PICTURES.includes(mimeType);
}

/** A file that came with a message. */
export function Attachment({ file }: { file: FileRef }) {
  const { fileId, name, mimeType, size } = file;
  const url = `/files/${encodeURIComponent(fileId)}`;
  const [isBroken, setBroken] = useState(false);
  const isConnected = status.value === "current";
  // What did not load without a network may load with one.
  useEffect(() => setBroken(false), [isConnected]);
  if (isPicture(mimeType) && !isBroken) {
    return (
      <a class="picture" href={url} target="_blank" rel="noopener">
        <img src={url} alt={name} loading="lazy" decoding="async" onError={() => setBroken(true)} />
      </a>
    );
  }
  return (
    <a class="file" href={url} download={name}>
      <Icon name="file" />
      <span class="who">
        <span class="name">{name}</span>
        <span class="quiet small">{fileSize(size)}</span>
      </span>
      <Icon name="download" />
    </a>
  );
}

/** The file of a message that is still on its way, and how far it is. */
export function PendingAttachment({ own }: { own: Pending }) {
  const { file, progress, cancellable, clientMsgId } = own;
  const url = useObjectUrl(file);
  if (file === undefined) return null;
  return (
    <div class="pending-file">
      {isPicture(file.mimeType) && url !== undefined ? (
        <span class="picture">
          <img src={url} alt={file.name} />
        </span>
      ) : (
        <span class="file">
          <Icon name="file" />
          <span class="who">
            <span class="name">{file.name}</span>
            <span class="quiet small">{fileSize(file.size)}</span>
          </span>
        </span>
      )}
      {progress !== undefined && (
        <progress max={1} value={progress} aria-label={t.value.uploading(file.name)} />
      )}
      {cancellable && own.state !== "failed" && (
        <button class="small-button" type="button" onClick={() => void remove(clientMsgId)}>
          {t.value.cancel}
        </button>
      )}
    </div>
  );
}

/** An address for the content of a file on this device, for as long as it is shown. */
export function useObjectUrl(file: Pick<PendingFile, "content"> | undefined): string | undefined {
  const [url, setUrl] = useState<string | undefined>(undefined);
  const content = file?.content;
  // Each reading of the disk gives another object for the same file.
  const size = content?.size;
  useEffect(() => {
    if (content === undefined) return undefined;
    const made = URL.createObjectURL(content);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [size]);
  return url;
}
