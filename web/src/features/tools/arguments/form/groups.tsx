import { ActionIcon, Button, Fieldset, Stack, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import type {
  ArrayFieldItemTemplateProps,
  ArrayFieldTemplateProps,
  ObjectFieldTemplateProps,
} from "@rjsf/utils";
import classes from "./groups.module.css";

/** The properties of an object; the outermost one needs no frame. */
export function ObjectFieldTemplate({
  title,
  description,
  properties,
  fieldPathId,
}: ObjectFieldTemplateProps) {
  const content = <Stack gap="md">{properties.map((property) => property.content)}</Stack>;
  if (fieldPathId.path.length === 0) return content;
  return (
    <Fieldset legend={<span className="mono">{title}</span>} id={fieldPathId.$id}>
      {description && <Hint>{description}</Hint>}
      {content}
    </Fieldset>
  );
}

export function ArrayFieldTemplate(props: ArrayFieldTemplateProps) {
  const { title, schema, items, canAdd, onAddClick, fieldPathId, required } = props;
  return (
    <Fieldset
      legend={<span className="mono">{`${title}${required ? " *" : ""}`}</span>}
      id={fieldPathId.$id}
    >
      {schema.description && <Hint>{schema.description}</Hint>}
      <Stack gap="sm">
        {items}
        {canAdd && (
          <Button
            size="xs"
            variant="default"
            w="fit-content"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={onAddClick}
          >
            Add to {title}
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}

export function ArrayFieldItemTemplate({
  children,
  index,
  buttonsProps,
  hasToolbar,
}: ArrayFieldItemTemplateProps) {
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem } =
    buttonsProps;
  return (
    <div className={classes["item"]}>
      <div className={classes["field"]}>{children}</div>
      {hasToolbar && (
        <div className={classes["tools"]}>
          {hasMoveUp && (
            <ItemButton
              label={`Move item ${index + 1} up`}
              icon={IconArrowUp}
              onClick={onMoveUpItem}
            />
          )}
          {hasMoveDown && (
            <ItemButton
              label={`Move item ${index + 1} down`}
              icon={IconArrowDown}
              onClick={onMoveDownItem}
            />
          )}
          {hasRemove && (
            <ItemButton
              label={`Remove item ${index + 1}`}
              icon={IconTrash}
              onClick={onRemoveItem}
            />
          )}
        </div>
      )}
    </div>
  );
}

type ItemButtonProps = { label: string; icon: typeof IconTrash; onClick: () => void };

function ItemButton({ label, icon: Icon, onClick }: ItemButtonProps) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
      <Icon size={16} />
    </ActionIcon>
  );
}

function Hint({ children }: { children: React.ReactNode }) {
  return (
    <Text size="xs" c="dimmed" mb="sm">
      {children}
    </Text>
  );
}
