-- Why: what the map said about an address, so that it is asked once, whichever instance asks and however often it restarts.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TABLE places (
    -- As it is compared: without accents, case and punctuation.
    address text PRIMARY KEY,
    -- Both, or none where the map does not know the address.
    lat double precision,
    lng double precision,
    looked_up_at timestamptz NOT NULL,
    CONSTRAINT places_point_is_whole CHECK ((lat IS NULL) = (lng IS NULL))
);
