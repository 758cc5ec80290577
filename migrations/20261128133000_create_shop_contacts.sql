-- Why: how shops are reached: a handle a network, and up to three telephones in their order.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TABLE shop_social_handles (
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    platform social_platform NOT NULL,
    handle text NOT NULL,
    -- As they were written.
    position smallint NOT NULL,
    PRIMARY KEY (shop_id, platform)
);

CREATE TABLE shop_whatsapp_lines (
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position BETWEEN 0 AND 2),
    label text NOT NULL,
    number text NOT NULL CONSTRAINT shop_whatsapp_lines_number_is_international CHECK (number ~ '^\+[1-9][0-9]{7,14}$'),
    PRIMARY KEY (shop_id, position)
);
