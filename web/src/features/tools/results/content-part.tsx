import { Anchor, Button, Text } from "@mantine/core";
import { IconDownload, IconPhoto } from "@tabler/icons-react";
import { useState } from "react";
import { readFragment, type FragmentType } from "../../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../../graphql/generated/gql.ts";
import { LongText } from "../../../ui/long-text.tsx";

const contentPartFragment = graphql(`
  fragment ContentPart_content on ToolContent {
    __typename
    ... on TextContent {
      text
    }
    ... on ImageContent {
      data
      mimeType
    }
    ... on AudioContent {
      data
      mimeType
    }
    ... on ResourceLink {
      uri
      name
      title
      description
      mimeType
    }
    ... on EmbeddedResource {
      resource {
        uri
        mimeType
        text
        blob
      }
    }
  }
`);

/** One part of a result. It is a stranger's: nothing of it is markup, and images load by click. */
export function ContentPart({ content }: { content: FragmentType<typeof contentPartFragment> }) {
  const part = readFragment(contentPartFragment, content);
  switch (part.__typename) {
    case "TextContent":
      return <LongText label="Text" text={layOut(part.text)} fileName="result.txt" />;
    case "ImageContent":
      return <ImageOnDemand data={part.data} mimeType={part.mimeType ?? "image/png"} />;
    case "AudioContent":
      return (
        <DownloadLink
          data={part.data}
          mimeType={part.mimeType ?? "audio/wav"}
          label="Download audio"
        />
      );
    case "ResourceLink":
      return (
        <LinkedResource
          uri={part.uri}
          label={part.title ?? part.name ?? part.uri}
          note={part.description}
        />
      );
    case "EmbeddedResource": {
      const { uri, mimeType, text, blob } = part.resource;
      if (text != null) return <LongText label={uri} text={layOut(text)} fileName="resource.txt" />;
      return (
        <DownloadLink
          data={blob ?? ""}
          mimeType={mimeType ?? "application/octet-stream"}
          label={`Download ${uri}`}
        />
      );
    }
  }
}

/** JSON in a text is shown with its structure; all else as it came. */
function layOut(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

type BinaryProps = { data: string; mimeType: string };

function ImageOnDemand({ data, mimeType }: BinaryProps) {
  const [shown, setShown] = useState(false);
  if (!/^image\/[\w.+-]+$/.test(mimeType)) {
    return <DownloadLink data={data} mimeType="application/octet-stream" label="Download image" />;
  }
  if (!shown) {
    const sizeKib = Math.ceil((data.length * 3) / 4 / 1_024);
    return (
      <Button
        variant="default"
        w="fit-content"
        leftSection={<IconPhoto size={16} aria-hidden />}
        onClick={() => setShown(true)}
      >
        Show image ({mimeType}, {sizeKib} KiB)
      </Button>
    );
  }
  return (
    <img
      src={`data:${mimeType};base64,${data}`}
      alt="Returned by the tool"
      style={{
        maxWidth: "100%",
        borderRadius: 8,
        border: "1px solid var(--gh-line)",
        alignSelf: "flex-start",
      }}
    />
  );
}

/** Saved, never opened here: as octets, whatever the server calls it. */
function DownloadLink({ data, label }: BinaryProps & { label: string }) {
  return (
    <Button
      component="a"
      href={`data:application/octet-stream;base64,${data}`}
      download
      variant="default"
      w="fit-content"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      {label}
    </Button>
  );
}

type LinkedResourceProps = { uri: string; label: string; note?: string | null | undefined };

function LinkedResource({ uri, label, note }: LinkedResourceProps) {
  return (
    <div>
      {/^https?:\/\//i.test(uri) ? (
        <Anchor href={uri} target="_blank" rel="noreferrer noopener" underline="always" size="sm">
          {label}
        </Anchor>
      ) : (
        <Text size="sm" className="mono">
          {label === uri ? uri : `${label} (${uri})`}
        </Text>
      )}
      {note && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </div>
  );
}
