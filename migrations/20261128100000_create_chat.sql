-- Why: conversations between clients and shops, their messages, and the pictures uploaded for them.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE chat_conversation_status AS ENUM ('OPEN', 'ARCHIVED', 'BLOCKED');
CREATE TYPE chat_sender AS ENUM ('CLIENT', 'SHOP', 'SYSTEM');
CREATE TYPE chat_message_type AS ENUM ('TEXT', 'IMAGE', 'VIDEO', 'SYSTEM');

CREATE TABLE chat_conversations (
    id uuid PRIMARY KEY,
    client_account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    -- No reference on purpose: what was said outlives the shop. It is there when the conversation begins.
    shop_id uuid NOT NULL,
    -- The shop's name when the conversation began, for when the shop is gone.
    shop_name text NOT NULL,
    status chat_conversation_status NOT NULL DEFAULT 'OPEN',
    -- The place of the last message. Writers lock the row, so places have no gaps and follow the order of commits.
    last_sequence bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    -- How far each side has read, and what the other side wrote after that.
    client_read_to bigint NOT NULL DEFAULT 0 CHECK (client_read_to >= 0),
    client_unread integer NOT NULL DEFAULT 0 CHECK (client_unread >= 0),
    shop_read_to bigint NOT NULL DEFAULT 0 CHECK (shop_read_to >= 0),
    shop_unread integer NOT NULL DEFAULT 0 CHECK (shop_unread >= 0),
    last_message_preview text,
    first_client_message_at timestamptz,
    last_client_message_at timestamptz,
    last_shop_message_at timestamptz,
    first_shop_response_at timestamptz,
    first_response_seconds integer CHECK (first_response_seconds >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT chat_conversations_client_shop_key UNIQUE (client_account_id, shop_id),
    CONSTRAINT chat_conversations_nothing_is_read_before_it_is_written CHECK (
        client_read_to <= last_sequence AND shop_read_to <= last_sequence
    ),
    CONSTRAINT chat_conversations_response_is_whole CHECK (
        (first_shop_response_at IS NULL) = (first_response_seconds IS NULL)
    )
);

-- The two lists, newest first.
CREATE INDEX chat_conversations_client_idx ON chat_conversations (client_account_id, updated_at DESC, id DESC);
CREATE INDEX chat_conversations_shop_idx ON chat_conversations (shop_id, updated_at DESC, id DESC);

CREATE TABLE chat_messages (
    conversation_id uuid NOT NULL REFERENCES chat_conversations (id) ON DELETE CASCADE,
    sequence bigint NOT NULL CHECK (sequence > 0),
    id uuid NOT NULL CONSTRAINT chat_messages_id_key UNIQUE,
    sender chat_sender NOT NULL,
    author_account_id uuid REFERENCES accounts (id) ON DELETE SET NULL,
    type chat_message_type NOT NULL,
    content text,
    attachments jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, sequence),
    CONSTRAINT chat_messages_say_something CHECK (content IS NOT NULL OR attachments IS NOT NULL)
);

-- What deleting an account looks up.
CREATE INDEX chat_messages_author_idx ON chat_messages (author_account_id) WHERE author_account_id IS NOT NULL;

-- Pictures that arrived and were confirmed, each in its sender's folder of one conversation.
CREATE TABLE confirmed_chat_uploads (
    path text PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES chat_conversations (id) ON DELETE CASCADE,
    generation bigint NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    content_type text NOT NULL,
    confirmed_at timestamptz NOT NULL
);

CREATE INDEX confirmed_chat_uploads_conversation_idx ON confirmed_chat_uploads (conversation_id);
-- What no message takes any more is forgotten, oldest first.
CREATE INDEX confirmed_chat_uploads_confirmed_at_idx ON confirmed_chat_uploads (confirmed_at);
