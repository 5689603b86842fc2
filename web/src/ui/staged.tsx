import type { StagedFile } from "../sdk/store";
import { isPicture, useObjectUrl } from "./attachment";
import { detach } from "./client";
import { fileSize } from "./format";
import { Icon } from "./icon";
import { t } from "./texts";

/** The files that go with what is being written. */
export function Staged({ roomId, files }: { roomId: string; files: readonly StagedFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul class="staged" aria-label={t.value.attached}>
      {files.map((file) => (
        <li key={file.id}>
          <StagedOne file={file} />
          <button
            class="slight"
            type="button"
            aria-label={t.value.removeNamed(file.name)}
            title={t.value.removeNamed(file.name)}
            onClick={() => void detach(roomId, file.id)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function StagedOne({ file }: { file: StagedFile }) {
  const url = useObjectUrl(file);
  return (
    <>
      {isPicture(file.mimeType) && url !== undefined ? (
        <img src={url} alt={file.name} />
      ) : (
        <Icon name="file" />
      )}
      <span class="who">
        <span class="name">{file.name}</span>
        <span class="quiet small">{fileSize(file.size)}</span>
      </span>
    </>
  );
}
