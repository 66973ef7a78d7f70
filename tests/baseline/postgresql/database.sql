SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

CREATE TABLE public.access (
    slug character varying(60) NOT NULL,
    company_id integer NOT NULL,
    asked_by character varying(200) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    granted_by character varying(200),
    granted_at timestamp with time zone
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.attempt (
    id integer NOT NULL,
    posting_id integer NOT NULL,
    generation integer NOT NULL,
    requestid character varying(50) NOT NULL,
    batch character varying(36) NOT NULL,
    fence character varying(50) NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome character varying(15) NOT NULL,
    status integer,
    code character varying(10) NOT NULL,
    text text NOT NULL,
    tid character varying(80) NOT NULL,
    quickbooks_date timestamp with time zone,
    seen_id character varying(40)
);

CREATE SEQUENCE public.attempt_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.attempt_id_seq OWNED BY public.attempt.id;

CREATE TABLE public.audit_entry (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    who character varying(200) NOT NULL,
    what character varying(60) NOT NULL,
    subject character varying(300) NOT NULL,
    detail json NOT NULL,
    previous character varying(64) NOT NULL,
    hash character varying(64) NOT NULL
);

CREATE SEQUENCE public.audit_entry_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.audit_entry_id_seq OWNED BY public.audit_entry.id;

CREATE TABLE public."case" (
    id integer NOT NULL,
    company_id integer,
    installation_id integer,
    cause character varying(400) NOT NULL,
    title text NOT NULL,
    reason text NOT NULL,
    act character varying(20) NOT NULL,
    "do" text NOT NULL,
    details json NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by character varying(200),
    mailed_at timestamp with time zone
);

CREATE SEQUENCE public.case_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.case_id_seq OWNED BY public."case".id;

CREATE TABLE public.case_posting (
    case_id integer NOT NULL,
    posting_id integer NOT NULL
);

CREATE TABLE public.company (
    id integer NOT NULL,
    realm character varying(40) NOT NULL,
    name character varying(500) NOT NULL,
    country character varying(3) NOT NULL,
    currency character varying(3) NOT NULL,
    state character varying(20) NOT NULL,
    why text NOT NULL,
    preferences json NOT NULL,
    newest_date timestamp with time zone,
    heard_at timestamp with time zone,
    told_at timestamp with time zone,
    moved_at timestamp with time zone,
    looked_at timestamp with time zone,
    sends integer NOT NULL,
    restored_since timestamp with time zone,
    restored_seen timestamp with time zone,
    restored_until timestamp with time zone,
    batches character varying(10) NOT NULL,
    batch_size integer NOT NULL,
    batch_most integer NOT NULL,
    connected_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.company_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.company_id_seq OWNED BY public.company.id;

CREATE TABLE public.cursor (
    installation_id integer NOT NULL,
    stream character varying(100) NOT NULL,
    value text NOT NULL
);

CREATE TABLE public.head (
    company_id integer NOT NULL,
    kind character varying(20) NOT NULL,
    quickbooks_id character varying(40) NOT NULL,
    number character varying(100) NOT NULL,
    party character varying(40) NOT NULL,
    account character varying(40) NOT NULL,
    date date,
    currency character varying(3) NOT NULL,
    total bigint,
    balance bigint,
    links json NOT NULL,
    sync_token character varying(20) NOT NULL,
    marker character varying(20) NOT NULL,
    state character varying(10) NOT NULL,
    content character varying(32) NOT NULL,
    news boolean NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone
);

CREATE TABLE public.installation (
    id integer NOT NULL,
    company_id integer NOT NULL,
    slug character varying(60) NOT NULL,
    enabled boolean NOT NULL,
    mode character varying(10) NOT NULL,
    settings json NOT NULL,
    tenant character varying(200),
    tenant_name character varying(500) NOT NULL,
    owner character varying(200) NOT NULL,
    start_date date,
    schedule character varying(100) NOT NULL,
    zone character varying(60) NOT NULL,
    previewed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.installation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.installation_id_seq OWNED BY public.installation.id;

CREATE TABLE public.list_state (
    company_id integer NOT NULL,
    list character varying(20) NOT NULL,
    read_at timestamp with time zone NOT NULL,
    changed_to timestamp with time zone,
    since date,
    version integer NOT NULL
);

CREATE TABLE public.match (
    id integer NOT NULL,
    company_id integer NOT NULL,
    scope character varying(60) NOT NULL,
    tenant character varying(200) NOT NULL,
    field character varying(60) NOT NULL,
    code character varying(200) NOT NULL,
    name character varying(500) NOT NULL,
    role character varying(30) NOT NULL,
    record character varying(40) NOT NULL,
    how character varying(12) NOT NULL,
    who character varying(200) NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.match_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.match_id_seq OWNED BY public.match.id;

CREATE TABLE public.o_auth_state (
    state character varying(64) NOT NULL,
    session character varying(64) NOT NULL,
    realm character varying(40),
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.posting (
    id integer NOT NULL,
    document_id integer NOT NULL,
    company_id integer NOT NULL,
    installation_id integer NOT NULL,
    run_id integer,
    after_id integer,
    kind character varying(20) NOT NULL,
    part character varying(200) NOT NULL,
    operation character varying(10) NOT NULL,
    base character varying(80) NOT NULL,
    generation integer NOT NULL,
    requestid character varying(50) NOT NULL,
    revision integer NOT NULL,
    payload bytea NOT NULL,
    planned character varying(64) NOT NULL,
    meaning json NOT NULL,
    state character varying(10) NOT NULL,
    hold character varying(12) NOT NULL,
    reason text NOT NULL,
    rekey boolean NOT NULL,
    fence character varying(50) NOT NULL,
    next_try_at timestamp with time zone,
    checked_at timestamp with time zone,
    approved_by character varying(200),
    approved_payload character varying(64),
    sent_date timestamp with time zone,
    doubted_date timestamp with time zone,
    not_these json NOT NULL,
    quickbooks_id character varying(40),
    sync_token character varying(20),
    number character varying(200) NOT NULL,
    total bigint,
    posted_total bigint,
    currency character varying(3) NOT NULL,
    warnings json NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.posting_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.posting_id_seq OWNED BY public.posting.id;

CREATE TABLE public.proof (
    id integer NOT NULL,
    posting_id integer NOT NULL,
    generation integer NOT NULL,
    at timestamp with time zone NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    rows integer NOT NULL,
    sends integer NOT NULL,
    found character varying(12) NOT NULL,
    detail json NOT NULL
);

CREATE SEQUENCE public.proof_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.proof_id_seq OWNED BY public.proof.id;

CREATE TABLE public.read_day (
    company_id integer NOT NULL,
    day date NOT NULL,
    count integer NOT NULL
);

CREATE TABLE public.receipt_row (
    id integer NOT NULL,
    document_id integer NOT NULL,
    installation_id integer NOT NULL,
    state character varying(10) NOT NULL,
    body json NOT NULL,
    at timestamp with time zone NOT NULL,
    tries integer NOT NULL,
    next_try_at timestamp with time zone,
    ended character varying(10) NOT NULL,
    error text NOT NULL
);

CREATE SEQUENCE public.receipt_row_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.receipt_row_id_seq OWNED BY public.receipt_row.id;

CREATE TABLE public.record (
    company_id integer NOT NULL,
    list character varying(20) NOT NULL,
    quickbooks_id character varying(40) NOT NULL,
    name character varying(500) NOT NULL,
    full_name character varying(1000) NOT NULL,
    number character varying(100) NOT NULL,
    type character varying(60) NOT NULL,
    sub_type character varying(60) NOT NULL,
    parent character varying(40),
    active boolean NOT NULL,
    currency character varying(3) NOT NULL,
    email character varying(200) NOT NULL,
    rate character varying(20) NOT NULL,
    body json NOT NULL,
    read_at timestamp with time zone NOT NULL
);

CREATE TABLE public.role (
    id integer NOT NULL,
    name character varying(80) NOT NULL,
    description character varying(255),
    permissions text,
    update_datetime timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE SEQUENCE public.role_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.role_id_seq OWNED BY public.role.id;

CREATE TABLE public.roles_users (
    user_id integer,
    role_id integer
);

CREATE TABLE public.run (
    id integer NOT NULL,
    schedule_id integer,
    due_at timestamp with time zone,
    kind character varying(20) NOT NULL,
    company_id integer,
    installation_id integer,
    asked_by character varying(200) NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome character varying(12) NOT NULL,
    error text NOT NULL,
    phase character varying(40) NOT NULL,
    done integer NOT NULL,
    of integer NOT NULL,
    counts json NOT NULL
);

CREATE SEQUENCE public.run_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;

CREATE TABLE public.run_line (
    id integer NOT NULL,
    run_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    level character varying(8) NOT NULL,
    text text NOT NULL
);

CREATE SEQUENCE public.run_line_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.run_line_id_seq OWNED BY public.run_line.id;

CREATE TABLE public.schedule (
    id integer NOT NULL,
    name character varying(80) NOT NULL,
    kind character varying(20) NOT NULL,
    company_id integer,
    installation_id integer,
    every character varying(100) NOT NULL,
    zone character varying(60) NOT NULL,
    enabled boolean NOT NULL,
    next_due timestamp with time zone
);

CREATE SEQUENCE public.schedule_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.schedule_id_seq OWNED BY public.schedule.id;

CREATE TABLE public.secret (
    place character varying(200) NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE public.seen_code (
    id integer NOT NULL,
    installation_id integer NOT NULL,
    field character varying(60) NOT NULL,
    code character varying(200) NOT NULL,
    name character varying(500) NOT NULL,
    number character varying(200) NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.seen_code_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.seen_code_id_seq OWNED BY public.seen_code.id;

CREATE TABLE public.source_document (
    id integer NOT NULL,
    installation_id integer NOT NULL,
    company_id integer NOT NULL,
    slug character varying(60) NOT NULL,
    tenant character varying(200) NOT NULL,
    source_id character varying(200) NOT NULL,
    marker character varying(20) NOT NULL,
    kind character varying(20) NOT NULL,
    stage character varying(12) NOT NULL,
    number character varying(200) NOT NULL,
    party character varying(500) NOT NULL,
    date date,
    currency character varying(3) NOT NULL,
    total bigint,
    body json NOT NULL,
    unreadable text NOT NULL,
    gone text,
    reread boolean NOT NULL,
    made_for character varying(60) NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.source_document_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.source_document_id_seq OWNED BY public.source_document.id;

CREATE TABLE public.token (
    company_id integer NOT NULL,
    access_expires_at timestamp with time zone NOT NULL,
    refresh_expires_at timestamp with time zone,
    ends_at timestamp with time zone,
    refreshed_at timestamp with time zone NOT NULL,
    refreshing_since timestamp with time zone,
    fence character varying(40) NOT NULL
);

CREATE TABLE public."user" (
    fs_webauthn_user_handle character varying(64),
    mf_recovery_codes text,
    password character varying(255),
    us_phone_number character varying(128),
    username character varying(255),
    us_totp_secrets text,
    id integer NOT NULL,
    email character varying(255) NOT NULL,
    active boolean NOT NULL,
    fs_uniquifier character varying(64) NOT NULL,
    confirmed_at timestamp without time zone,
    last_login_at timestamp without time zone,
    current_login_at timestamp without time zone,
    last_login_ip character varying(64),
    current_login_ip character varying(64),
    login_count integer,
    tf_primary_method character varying(64),
    tf_totp_secret character varying(255),
    tf_phone_number character varying(128),
    create_datetime timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    update_datetime timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE SEQUENCE public.user_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.user_id_seq OWNED BY public."user".id;

ALTER TABLE ONLY public.attempt ALTER COLUMN id SET DEFAULT nextval('public.attempt_id_seq'::regclass);

ALTER TABLE ONLY public.audit_entry ALTER COLUMN id SET DEFAULT nextval('public.audit_entry_id_seq'::regclass);

ALTER TABLE ONLY public."case" ALTER COLUMN id SET DEFAULT nextval('public.case_id_seq'::regclass);

ALTER TABLE ONLY public.company ALTER COLUMN id SET DEFAULT nextval('public.company_id_seq'::regclass);

ALTER TABLE ONLY public.installation ALTER COLUMN id SET DEFAULT nextval('public.installation_id_seq'::regclass);

ALTER TABLE ONLY public.match ALTER COLUMN id SET DEFAULT nextval('public.match_id_seq'::regclass);

ALTER TABLE ONLY public.posting ALTER COLUMN id SET DEFAULT nextval('public.posting_id_seq'::regclass);

ALTER TABLE ONLY public.proof ALTER COLUMN id SET DEFAULT nextval('public.proof_id_seq'::regclass);

ALTER TABLE ONLY public.receipt_row ALTER COLUMN id SET DEFAULT nextval('public.receipt_row_id_seq'::regclass);

ALTER TABLE ONLY public.role ALTER COLUMN id SET DEFAULT nextval('public.role_id_seq'::regclass);

ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);

ALTER TABLE ONLY public.run_line ALTER COLUMN id SET DEFAULT nextval('public.run_line_id_seq'::regclass);

ALTER TABLE ONLY public.schedule ALTER COLUMN id SET DEFAULT nextval('public.schedule_id_seq'::regclass);

ALTER TABLE ONLY public.seen_code ALTER COLUMN id SET DEFAULT nextval('public.seen_code_id_seq'::regclass);

ALTER TABLE ONLY public.source_document ALTER COLUMN id SET DEFAULT nextval('public.source_document_id_seq'::regclass);

ALTER TABLE ONLY public."user" ALTER COLUMN id SET DEFAULT nextval('public.user_id_seq'::regclass);

INSERT INTO public.access VALUES ('ion', 1, 'root (command line)', '2026-11-21 15:38:40.888168+00', 'root (command line)', '2026-11-21 15:38:40.888168+00');

INSERT INTO public.alembic_version VALUES ('0006');

INSERT INTO public.attempt VALUES (1, 1, 0, '7941b70fcabd561fa383d3650695e66b', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-000000000000000000000025', '2026-11-21 15:39:23+00', '1');
INSERT INTO public.attempt VALUES (4, 4, 0, '213646b08a355c879bc64cf2edc53975', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-00000000000000000000002b', '2026-11-21 15:39:23+00', '7');
INSERT INTO public.attempt VALUES (5, 5, 0, '157ddd306cba5fb7aa8b5bfab2e0ddc2', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-00000000000000000000002d', '2026-11-21 15:39:23+00', '9');
INSERT INTO public.attempt VALUES (6, 6, 0, '52dd020f85e4556682ebe277007ab43d', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-000000000000000000000030', '2026-11-21 15:39:23+00', '12');
INSERT INTO public.attempt VALUES (10, 10, 0, '135cf230dfce5123aab9b6ede0140f08', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-000000000000000000000033', '2026-11-21 15:39:23+00', '15');
INSERT INTO public.attempt VALUES (11, 11, 0, 'c64066e3fbd75f4183947484a3675f54', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-000000000000000000000026', '2026-11-21 15:39:23+00', '2');
INSERT INTO public.attempt VALUES (15, 16, 0, '48216ebf5afc579b9a72eb39a05466b2', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-00000000000000000000002a', '2026-11-21 15:39:23+00', '6');
INSERT INTO public.attempt VALUES (17, 18, 0, '9ffc9e608dc45fd7a4268a7074d12756', '', '660e7f52a50844079f9429b28a52172b', '2026-11-21 15:39:23.351583+00', '2026-11-21 15:39:23.993763+00', 'landed', 200, '', '', '1-6b01bb2b-000000000000000000000031', '2026-11-21 15:39:23+00', '13');
INSERT INTO public.attempt VALUES (18, 20, 0, '75762623dc355aae93b06223623ced35', '', '8649e5412b8442c7848bad76e5fc1fb2', '2026-11-21 15:39:25.705254+00', '2026-11-21 15:39:25.77225+00', 'landed', 200, '', '', '1-6b01bb2d-000000000000000000000036', '2026-11-21 15:39:25+00', '5000000000000000001');
INSERT INTO public.attempt VALUES (19, 21, 0, 'adda4b4c94585aabb6cbe3a5a60b680b', '', '8649e5412b8442c7848bad76e5fc1fb2', '2026-11-21 15:39:25.705254+00', '2026-11-21 15:39:25.77225+00', 'landed', 200, '', '', '1-6b01bb2d-000000000000000000000037', '2026-11-21 15:39:25+00', '5000000000000000002');
INSERT INTO public.attempt VALUES (20, 22, 0, '585f9d675b7c5d8e81cb580910d36061', '', '8649e5412b8442c7848bad76e5fc1fb2', '2026-11-21 15:39:25.705254+00', '2026-11-21 15:39:25.77225+00', 'landed', 200, '', '', '1-6b01bb2d-000000000000000000000038', '2026-11-21 15:39:25+00', '5000000000000000003');
INSERT INTO public.attempt VALUES (21, 28, 0, 'ae3f13a71b9054998063e283dc74de7e', '', '92cac2aa143b4174abe01896d8d5e597', '2026-11-21 15:43:15.342191+00', '2026-11-21 15:43:15.516366+00', 'landed', 200, '', '', '1-6b01bc13-00000000000000000000003d', '2026-11-21 15:43:15+00', '13');
INSERT INTO public.attempt VALUES (22, 23, 0, '400bb77abac75d81ac6b6d482259fc7e', '', '5a23d7c837084c2793f43ce9262d47d5', '2026-11-21 15:45:42.495677+00', '2026-11-21 15:45:42.780197+00', 'landed', 200, '', '', '1-6b01bca6-000000000000000000000042', '2026-11-21 15:45:42+00', '13');
INSERT INTO public.attempt VALUES (23, 24, 0, 'cd284edf59505f84ba3d806e43c00bef', '', '49371b53c8034ec1a5aab08ecb0bafc1', '2026-11-21 15:45:44.126081+00', '2026-11-21 15:45:44.239628+00', 'doubt', 504, '', 'QuickBooks answered with status 504 and no reason. Whether it was done is looked up.', '1-6b01bca8-000000000000000000000046', '2026-11-21 15:45:44+00', NULL);

INSERT INTO public.audit_entry VALUES (1, '2026-11-21 15:37:02+00', 'root (command line)', 'person added', 'olga', '{"role": "owner"}', '0000000000000000000000000000000000000000000000000000000000000000', '30817ebc60a1a46eda406920fc5740e601f4951a358b31bfd1a0e883041fdbe6');
INSERT INTO public.audit_entry VALUES (2, '2026-11-21 15:37:10+00', 'root (command line)', 'person added', 'oda', '{"role": "operator"}', '30817ebc60a1a46eda406920fc5740e601f4951a358b31bfd1a0e883041fdbe6', 'a90af121d80fb31692479a297c6affb22c7afe3d8310019c60230036e031adb2');
INSERT INTO public.audit_entry VALUES (3, '2026-11-21 15:37:30+00', 'hub', 'company connected', '9341453172096411', '{}', 'a90af121d80fb31692479a297c6affb22c7afe3d8310019c60230036e031adb2', '55defb768f6d803f8d51649715f79cadb024a8ae931c004223ff1921dc6e34f9');
INSERT INTO public.audit_entry VALUES (4, '2026-11-21 15:37:44+00', 'hub', 'company connected', '9341453172096412', '{}', '55defb768f6d803f8d51649715f79cadb024a8ae931c004223ff1921dc6e34f9', 'efd085cfbd6d06a31530455615df410713c873f0394cf955f40e075e7dc78dc1');
INSERT INTO public.audit_entry VALUES (5, '2026-11-21 15:38:11+00', 'root (command line)', 'app enabled', 'costtracker for Fjord & Sønner Bygg AS', '{"changed": ["mode", "owner", "settings", "zone"], "mode": "auto"}', 'efd085cfbd6d06a31530455615df410713c873f0394cf955f40e075e7dc78dc1', '8385b647ea12d5c0fc63b0150b2d2591bf8b04b9de35d34bb1f5470e6cdce8d9');
INSERT INTO public.audit_entry VALUES (6, '2026-11-21 15:38:12+00', 'olga', 'lists put into the app', 'costtracker for Fjord & Sønner Bygg AS', '{"supplier": 40, "account": 61, "tax_code": 4, "location": 4, "class": 5, "customer": 30}', '8385b647ea12d5c0fc63b0150b2d2591bf8b04b9de35d34bb1f5470e6cdce8d9', '420424610f20be5f77cfdaa7076bc274ab107334129128020c64be5ee9ded6f1');
INSERT INTO public.audit_entry VALUES (7, '2026-11-21 15:38:40+00', 'root (command line)', 'access granted', 'ion for Fjord & Sons Construction', '{}', '420424610f20be5f77cfdaa7076bc274ab107334129128020c64be5ee9ded6f1', '2a8b0042362912109b10d37915eb98832188ba3f56b0c0e03657408b24ecff24');
INSERT INTO public.audit_entry VALUES (8, '2026-11-21 15:38:42+00', 'root (command line)', 'app enabled', 'ion for Fjord & Sons Construction', '{"changed": ["owner", "settings", "zone"], "mode": "review"}', '2a8b0042362912109b10d37915eb98832188ba3f56b0c0e03657408b24ecff24', '8a891a98a644db403e10218d29c639eb7e1d9548e58dae9960760847e4e21668');
INSERT INTO public.audit_entry VALUES (9, '2026-11-21 15:38:44+00', 'olga', 'lists put into the app', 'ion for Fjord & Sons Construction', '{}', '8a891a98a644db403e10218d29c639eb7e1d9548e58dae9960760847e4e21668', '681cafb6770c6767a912dd6cb5ee10c8862bcb0caff885268daf664c4ca7fc26');
INSERT INTO public.audit_entry VALUES (10, '2026-11-21 15:40:46+00', 'root (command line)', 'posting skipped', '19', '{"reason": "Paid in cash"}', '681cafb6770c6767a912dd6cb5ee10c8862bcb0caff885268daf664c4ca7fc26', '5ad7461c3fd54af40ea803db3961dfb6a54744a0d2a459d2fe20c8b553a6ac85');
INSERT INTO public.audit_entry VALUES (11, '2026-11-21 15:41:46+00', 'root (command line)', 'postings undone', '18', '{"quickbooks_ids": {"18": "13"}}', '5ad7461c3fd54af40ea803db3961dfb6a54744a0d2a459d2fe20c8b553a6ac85', 'd3f59f123b4c6ebe0019c8eb2784e4250124341a2d29e9b27d0b0640160b6b76');
INSERT INTO public.audit_entry VALUES (12, '2026-11-21 15:45:01+00', 'root (command line)', 'posting approved', '24', '{}', 'd3f59f123b4c6ebe0019c8eb2784e4250124341a2d29e9b27d0b0640160b6b76', 'f71c1c057f24882694b0ca33ef58b2f14c222ca447eaab00fa0a9329a66d67ef');
INSERT INTO public.audit_entry VALUES (13, '2026-11-21 15:45:01+00', 'root (command line)', 'posting approved', '23', '{}', 'f71c1c057f24882694b0ca33ef58b2f14c222ca447eaab00fa0a9329a66d67ef', '4bf01db40425875462f30d3dc56c154d9b78ac3efa00f20456c577de2ac7dbb4');

INSERT INTO public."case" VALUES (1, 2, 1, 'posting:15:location', 'Bill 26B-48105 of Ulvik Vinduer', 'Location: the lines differ, and a bill in QuickBooks has only one: line 1016-1: Oslo; line 1016-b: Bergen.', 'differ', 'Correct it at the source, or choose in the settings of the app what happens when lines differ.', '{"field": "location", "label": "Location", "role": "location", "code": "", "name": "", "number": "", "suggestions": []}', '2026-11-21 15:39:21.218037+00', NULL, NULL, NULL);
INSERT INTO public."case" VALUES (3, 1, 2, 'match:2:fee:Freight', 'Fee “Freight” cannot be posted yet', 'Fee “Freight”: nothing in QuickBooks fits it.', 'match', 'Choose the record of QuickBooks that it is, or make it there and refresh the lists.', '{"field": "fee", "label": "Fee", "role": "account", "code": "Freight", "name": "Freight", "number": "", "suggestions": [{"id": "103", "name": "Line of Credit", "type": "Other Current Liability"}]}', '2026-11-21 15:39:31.20785+00', NULL, NULL, NULL);
INSERT INTO public."case" VALUES (4, 1, 2, 'match:2:fee:Rebate', 'Fee “Rebate” cannot be posted yet', 'Fee “Rebate”: nothing in QuickBooks fits it.', 'match', 'Choose the record of QuickBooks that it is, or make it there and refresh the lists.', '{"field": "fee", "label": "Fee", "role": "account", "code": "Rebate", "name": "Rebate", "number": "", "suggestions": [{"id": "98", "name": "Accumulated Depreciation", "type": "Fixed Asset"}, {"id": "111", "name": "Concrete and Masonry", "type": "Cost of Goods Sold"}, {"id": "25", "name": "Interest Earned", "type": "Other Income"}]}', '2026-11-21 15:39:31.255669+00', NULL, NULL, NULL);
INSERT INTO public."case" VALUES (2, 2, 1, 'match:1:supplier:s29', 'Supplier “Helt Ny Leverandør ENK” cannot be posted yet', 'Supplier “Helt Ny Leverandør ENK”: nothing in QuickBooks fits it.', 'match', 'Choose the record of QuickBooks that it is, or make it there and refresh the lists.', '{"field": "supplier", "label": "Supplier", "role": "vendor", "code": "s29", "name": "Helt Ny Leverand\u00f8r ENK", "number": "", "suggestions": []}', '2026-11-21 15:39:21.283715+00', '2026-11-21 15:40:45.984077+00', 'hub', NULL);
INSERT INTO public."case" VALUES (5, 2, 1, 'posting:16:missing-in-quickbooks', 'No longer in QuickBooks', 'Bill 26A-48113 of Ørland Transport was posted as transaction 6, which is no longer there.', 'retry', 'Press Retry to post it anew, or Skip to leave it out.', '{}', '2026-11-21 15:43:58.948124+00', NULL, NULL, NULL);

INSERT INTO public.case_posting VALUES (1, 15);
INSERT INTO public.case_posting VALUES (3, 25);
INSERT INTO public.case_posting VALUES (4, 25);
INSERT INTO public.case_posting VALUES (5, 16);

INSERT INTO public.company VALUES (1, '9341453172096411', 'Fjord & Sons Construction', 'US', 'USD', 'connected', '', '{"domain": "QBO", "sparse": false, "Id": "1", "SyncToken": "0", "MetaData": {"CreateTime": "2026-08-23T08:36:11-07:00", "LastUpdatedTime": "2026-08-23T08:36:11-07:00"}, "AccountingInfoPrefs": {"UseAccountNumbers": true, "TrackDepartments": true, "DepartmentTerminology": "Location", "ClassTrackingPerTxn": false, "ClassTrackingPerTxnLine": true, "FirstMonthOfFiscalYear": "January", "TaxYearMonth": "January", "TaxForm": "6", "CustomerTerminology": "Customers"}, "ProductAndServicesPrefs": {"ForSales": true, "ForPurchase": true, "QuantityWithPriceAndRate": true, "QuantityOnHand": true}, "SalesFormsPrefs": {"CustomField": [{"CustomField": [{"Name": "SalesFormsPrefs.UseSalesCustom3", "Type": "BooleanType", "BooleanValue": false}, {"Name": "SalesFormsPrefs.UseSalesCustom2", "Type": "BooleanType", "BooleanValue": false}, {"Name": "SalesFormsPrefs.UseSalesCustom1", "Type": "BooleanType", "BooleanValue": false}]}], "CustomTxnNumbers": true, "AllowDiscount": true, "AllowEstimates": true, "AutoApplyCredit": true, "AutoApplyPayments": true, "AllowDeposit": false, "AllowServiceDate": false, "AllowShipping": false, "EmailCopyToCompany": false, "UsingPriceLevels": false, "ETransactionAttachPDF": false, "ETransactionPaymentEnabled": false, "IPNSupportEnabled": false, "ETransactionEnabledStatus": "NotApplicable", "DefaultTerms": {"value": "3"}, "DefaultCustomerMessage": "We are glad to build with you.", "DefaultDiscountAccount": "86"}, "EmailMessagesPrefs": {"InvoiceMessage": {"Subject": "Invoice from Fjord & Sons Construction", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & Sons Construction"}, "EstimateMessage": {"Subject": "Estimate from Fjord & Sons Construction", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & Sons Construction"}, "SalesReceiptMessage": {"Subject": "Sales Receipt from Fjord & Sons Construction", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & Sons Construction"}, "StatementMessage": {"Subject": "Statement from Fjord & Sons Construction", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & Sons Construction"}}, "VendorAndPurchasesPrefs": {"EnableBills": true, "TrackingByCustomer": true, "BillableExpenseTracking": true, "POCustomField": [{"CustomField": [{"Name": "PurchasePrefs.UsePurchaseCustom3", "Type": "BooleanType", "BooleanValue": false}, {"Name": "PurchasePrefs.UsePurchaseCustom2", "Type": "BooleanType", "BooleanValue": false}, {"Name": "PurchasePrefs.UsePurchaseCustom1", "Type": "BooleanType", "BooleanValue": false}]}]}, "TimeTrackingPrefs": {"UseServices": true, "BillCustomers": true, "MarkTimeEntriesBillable": true, "ShowBillRateToAll": false, "WorkWeekStartDate": "Monday"}, "TaxPrefs": {"UsingSalesTax": true, "PartnerTaxEnabled": true, "TaxGroupCodeRef": {"value": "2"}}, "CurrencyPrefs": {"MultiCurrencyEnabled": false, "HomeCurrency": {"value": "USD"}}, "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": false}, "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "We are glad to build with you."}, {"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"}, {"Name": "DTXCopyMemo", "Value": "true"}, {"Name": "SFCEnabled", "Value": "true"}, {"Name": "DataPartner", "Value": "false"}, {"Name": "Vendor1099Enabled", "Value": "true"}, {"Name": "TimeTrackingFeatureEnabled", "Value": "true"}, {"Name": "UncategorizedAssetAccountId", "Value": "32"}, {"Name": "UncategorizedIncomeAccountId", "Value": "30"}, {"Name": "UncategorizedExpenseAccountId", "Value": "31"}, {"Name": "ProjectsEnabled", "Value": "true"}]}, "OfferingSku": "QuickBooks Online Plus"}', '2026-11-21 15:45:44+00', NULL, NULL, NULL, NULL, 2, NULL, NULL, NULL, 'single', 10, 30, '2026-11-21 15:37:30.310571+00');
INSERT INTO public.company VALUES (2, '9341453172096412', 'Fjord & Sønner Bygg AS', 'NO', 'NOK', 'connected', '', '{"domain": "QBO", "sparse": false, "Id": "1", "SyncToken": "0", "MetaData": {"CreateTime": "2026-08-23T17:36:12+02:00", "LastUpdatedTime": "2026-08-23T17:36:12+02:00"}, "AccountingInfoPrefs": {"UseAccountNumbers": true, "TrackDepartments": true, "DepartmentTerminology": "Location", "ClassTrackingPerTxn": false, "ClassTrackingPerTxnLine": true, "FirstMonthOfFiscalYear": "January", "TaxYearMonth": "January", "TaxForm": "6", "CustomerTerminology": "Customers"}, "ProductAndServicesPrefs": {"ForSales": true, "ForPurchase": true, "QuantityWithPriceAndRate": true, "QuantityOnHand": true}, "SalesFormsPrefs": {"CustomField": [{"CustomField": [{"Name": "SalesFormsPrefs.UseSalesCustom3", "Type": "BooleanType", "BooleanValue": false}, {"Name": "SalesFormsPrefs.UseSalesCustom2", "Type": "BooleanType", "BooleanValue": false}, {"Name": "SalesFormsPrefs.UseSalesCustom1", "Type": "BooleanType", "BooleanValue": false}]}], "CustomTxnNumbers": true, "AllowDiscount": true, "AllowEstimates": true, "AutoApplyCredit": true, "AutoApplyPayments": true, "AllowDeposit": false, "AllowServiceDate": false, "AllowShipping": false, "EmailCopyToCompany": false, "UsingPriceLevels": false, "ETransactionAttachPDF": false, "ETransactionPaymentEnabled": false, "IPNSupportEnabled": false, "ETransactionEnabledStatus": "NotApplicable", "DefaultTerms": {"value": "3"}, "DefaultCustomerMessage": "We are glad to build with you."}, "EmailMessagesPrefs": {"InvoiceMessage": {"Subject": "Invoice from Fjord & S\u00f8nner Bygg AS", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & S\u00f8nner Bygg AS"}, "EstimateMessage": {"Subject": "Estimate from Fjord & S\u00f8nner Bygg AS", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & S\u00f8nner Bygg AS"}, "SalesReceiptMessage": {"Subject": "Sales Receipt from Fjord & S\u00f8nner Bygg AS", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & S\u00f8nner Bygg AS"}, "StatementMessage": {"Subject": "Statement from Fjord & S\u00f8nner Bygg AS", "Message": "Please find it attached.\n\nWe are glad to build with you.\nFjord & S\u00f8nner Bygg AS"}}, "VendorAndPurchasesPrefs": {"EnableBills": true, "TrackingByCustomer": true, "BillableExpenseTracking": true, "POCustomField": [{"CustomField": [{"Name": "PurchasePrefs.UsePurchaseCustom3", "Type": "BooleanType", "BooleanValue": false}, {"Name": "PurchasePrefs.UsePurchaseCustom2", "Type": "BooleanType", "BooleanValue": false}, {"Name": "PurchasePrefs.UsePurchaseCustom1", "Type": "BooleanType", "BooleanValue": false}]}]}, "TimeTrackingPrefs": {"UseServices": true, "BillCustomers": true, "MarkTimeEntriesBillable": true, "ShowBillRateToAll": false, "WorkWeekStartDate": "Monday"}, "TaxPrefs": {"UsingSalesTax": true, "PartnerTaxEnabled": false}, "CurrencyPrefs": {"MultiCurrencyEnabled": true, "HomeCurrency": {"value": "NOK"}}, "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": false}, "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "We are glad to build with you."}, {"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"}, {"Name": "DTXCopyMemo", "Value": "true"}, {"Name": "SFCEnabled", "Value": "true"}, {"Name": "DataPartner", "Value": "false"}, {"Name": "Vendor1099Enabled", "Value": "true"}, {"Name": "TimeTrackingFeatureEnabled", "Value": "true"}, {"Name": "ProjectsEnabled", "Value": "true"}]}, "OfferingSku": "QuickBooks Online Plus"}', '2026-11-21 15:43:58+00', NULL, NULL, NULL, NULL, 21, NULL, NULL, NULL, 'single', 10, 30, '2026-11-21 15:37:44.666839+00');

INSERT INTO public.cursor VALUES (1, '', 'MjAyNi0xMS0yMVQxNTozMzoxMS42OTRafDEwMjA');
INSERT INTO public.cursor VALUES (2, '', '2026-11-21T15:06:15.502Z|||2026-11-21T15:06:15.502Z|1004.b6d027c6,l5.8c4b9758');
INSERT INTO public.cursor VALUES (2, 'parts', '2026-10-22T13:30:15.502Z|||2026-10-22T13:30:15.502Z|p22.d6d54a13,p23.902a23f5,p24.82eafe1f');
INSERT INTO public.cursor VALUES (2, 'sweep', '2026-11-21|1001-1004');

INSERT INTO public.head VALUES (2, 'bill', '17', '26A-48064', '13', '', '2026-09-23', 'NOK', 48118000000, 48118000000, '[]', '0', 'EZFBOWF5A3UA', 'live', '79b89ffa8383382cb9c4c51586105028', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '1', '26K-48005', '1', '', '2026-10-31', 'NOK', 47534750000, 47534750000, '[]', '0', '574GRMVIIP5R', 'live', '5e2270a5eb83063cc4dff6fa630884af', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '14', '26F-48018', '3', '', '2026-10-03', 'NOK', 69399780000, 69399780000, '[]', '0', 'FAE3J6AK3XAK', 'live', '98dfe1caf3182195386bdda81555b9c6', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '12', '26B-48038', '8', '', '2026-10-26', 'NOK', 72265000000, 72265000000, '[]', '0', 'N2HLUZAT5LDN', 'live', 'bb577dc75d98b6efbd11ddcb94223b0d', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '15', '26M-48070', '16', '', '2026-10-24', 'NOK', 141397250000, 141397250000, '[]', '0', '3PIY3WLNJ5R2', 'live', '53ef629b3bccd8d572c33c9b17aa1ae5', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '10', '26K-48119', '36', '', '2026-10-13', 'NOK', 76330390000, 76330390000, '[]', '0', 'CZWESB6T3IDR', 'live', 'b434424de78722829c57d89d4aa99bd5', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '3', '26A-48087', '19', '', '2026-10-15', 'NOK', 38162750000, 38162750000, '[]', '0', 'DW6NPCNT6PHB', 'live', 'e48f96fbd61f72a87205f85397f2cdc1', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '11', '26A-48103', '29', '', '2026-11-21', 'NOK', 29156500000, 29156500000, '[]', '0', 'BEI67JD7AP5P', 'live', 'caa2a94c4925b0ad5d3b095efc70ba86', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '4', '26A-48093', '26', '', '2026-10-20', 'NOK', 32132750000, 32132750000, '[]', '0', '2Y3JMC5CYRGE', 'live', 'd730dee0a696d8ddb4037cfe539a8ca4', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '16', '26F-48057', '12', '', '2026-11-07', 'NOK', 35021000000, 35021000000, '[]', '0', 'G2744KHZVRJO', 'live', 'e016ab1c29ec4bad7d919bcf99386569', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '5', '26K-48044', '9', '', '2026-11-05', 'NOK', 128845000000, 128845000000, '[]', '0', 'F27IELRXXKJA', 'live', '56b6c5904fd2e3c736d9fd933878dbe4', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '9', '26M-48031', '6', '', '2026-10-20', 'NOK', 14988000000, 14988000000, '[]', '0', 'CQYR2TR76X7G', 'live', '8728295545798f0ab604b7bf95cc3673', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '2', '26M-48079', '37', '', '2026-10-24', 'EUR', 29863800000, 29863800000, '[]', '0', 'SLYQ6BADDMIY', 'live', 'e8fd0a9ca3eb4783976546425306582c', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '8', '26M-48010', '2', '', '2026-10-04', 'NOK', 66819750000, 66819750000, '[]', '0', 'OI6LYPBZZGEO', 'live', 'd4c085e25fb6d3bca215c357ef03999b', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'vendor_credit', '7', '26B-48021', '4', '', '2026-10-07', 'NOK', 57106750000, 57106750000, '[]', '0', 'LCYKRWLT3N6H', 'live', '8c68dd3740931df0e3caf848962db234', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '13', '26M-48127', '1', '', '2026-11-15', 'NOK', 127869320000, NULL, '[]', '0', '52LK5WI5W66T', 'deleted', 'd6bf9c84cedae8240323f6d589ea97b0', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');
INSERT INTO public.head VALUES (2, 'bill', '6', '26A-48113', '34', '', '2026-10-13', 'NOK', 92900200000, NULL, '[]', '0', 'RCTQR7BJYF5L', 'deleted', '3c688a1bcb7665d14955669dcbd04eb2', false, '2026-11-21 15:39:23+00', '2026-11-21 15:39:23+00');

INSERT INTO public.installation VALUES (1, 2, 'costtracker', true, 'auto', '{"base_url": "http://127.0.0.1:18512", "client_id": "costtracker-stand-in", "payable_account": "1", "reference_to": "private_note", "locations_differ": "hold", "attach_files": true, "transfer_locations": true, "transfer_classes": true, "transfer_customers": true, "hidden_accounts": [], "hidden_tax_codes": [], "update_suppliers": false}', 'ct-70115', 'Fjord & Fjell Bygg AS', 'olga', NULL, '15m', 'Europe/Oslo', NULL, '2026-11-21 15:38:11.353968+00');
INSERT INTO public.installation VALUES (2, 1, 'ion', true, 'review', '{"environment": "custom", "client_id": "ion-production-key", "api_url": "http://127.0.0.1:18513/graphql", "token_url": "http://127.0.0.1:18513/realms/api-keys/protocol/openid-connect/token", "payable_account": "33", "send_at": "ordered", "received": "leave", "gone": "close", "suppliers": "hold", "tax_code": "", "write_back": "no", "write_back_attribute": "QuickBooks PO", "import_orders": false, "account_attribute": "Expense Account", "class_attribute": "Class", "version_attribute": "Version", "line_account": "", "fee_account": "", "units": "supplier", "parts": "ordered", "part_type": "inventory", "income_account": "106", "asset_account": "81", "expense_account": "80", "generic_item": ""}', '4711', 'orbital-works.example', 'olga', NULL, '15m', 'America/Chicago', NULL, '2026-11-21 15:38:41.235884+00');

INSERT INTO public.list_state VALUES (1, 'company', '2026-11-21 15:37:30.871794+00', NULL, NULL, 0);
INSERT INTO public.list_state VALUES (1, 'account', '2026-11-21 15:37:30.943531+00', '2026-11-21 15:37:30+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'vendor', '2026-11-21 15:37:31.07712+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'customer', '2026-11-21 15:37:31.187559+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'class', '2026-11-21 15:37:31.348467+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'location', '2026-11-21 15:37:31.396274+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'tax_rate', '2026-11-21 15:37:31.495525+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'tax_code', '2026-11-21 15:37:31.579548+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'term', '2026-11-21 15:37:31.700504+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (1, 'payment_method', '2026-11-21 15:37:31.779647+00', '2026-11-21 15:37:31+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'company', '2026-11-21 15:37:45.181272+00', NULL, NULL, 0);
INSERT INTO public.list_state VALUES (2, 'account', '2026-11-21 15:37:45.216141+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'vendor', '2026-11-21 15:37:45.383636+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'customer', '2026-11-21 15:37:45.491596+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'item', '2026-11-21 15:37:45.599553+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'class', '2026-11-21 15:37:45.673114+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'location', '2026-11-21 15:37:45.765563+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'tax_rate', '2026-11-21 15:37:45.855614+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'tax_code', '2026-11-21 15:37:45.951227+00', '2026-11-21 15:37:45+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'term', '2026-11-21 15:37:46.057701+00', '2026-11-21 15:37:46+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'payment_method', '2026-11-21 15:37:46.125592+00', '2026-11-21 15:37:46+00', NULL, 1);
INSERT INTO public.list_state VALUES (2, 'heads:bill', '2026-11-21 15:39:19.12044+00', '2026-11-21 15:39:18+00', '2025-11-21', 0);
INSERT INTO public.list_state VALUES (2, 'heads:vendor_credit', '2026-11-21 15:39:19.257379+00', '2026-11-21 15:39:19+00', '2025-11-21', 0);
INSERT INTO public.list_state VALUES (1, 'heads:purchase_order', '2026-11-21 15:39:30.113116+00', '2026-11-21 15:39:30+00', '2025-11-21', 0);
INSERT INTO public.list_state VALUES (1, 'item', '2026-11-21 15:37:31.292413+00', '2026-11-21 15:37:31+00', NULL, 2);

INSERT INTO public.match VALUES (1, 2, 'costtracker', 'ct-70115', 'supplier', 's1', 'Aas Trelast AS', 'vendor', '1', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (4, 2, 'costtracker', 'ct-70115', 'supplier', 's4', 'Bygg & Bolig Proff', 'vendor', '4', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (6, 2, 'costtracker', 'ct-70115', 'supplier', 's5', 'Elektro Vest AS', 'vendor', '6', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (8, 2, 'costtracker', 'ct-70115', 'supplier', 's6', 'Fjordkraft Maskin', 'vendor', '8', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (9, 2, 'costtracker', 'ct-70115', 'supplier', 's7', 'Franzefoss Deponi', 'vendor', '9', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (13, 2, 'costtracker', 'ct-70115', 'supplier', 's21', 'Hamburg Hebetechnik GmbH', 'vendor', '37', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (18, 2, 'costtracker', 'ct-70115', 'supplier', 's11', 'Jøtul Ventilasjon', 'vendor', '16', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (39, 2, 'costtracker', 'ct-70115', 'supplier', 's17', 'Ørland Transport', 'vendor', '34', 'link', 'hub', '2026-11-21 15:38:11.848663+00');
INSERT INTO public.match VALUES (49, 2, 'costtracker', 'ct-70115', 'account', '32', 'Betong og mur', 'account', '32', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (53, 2, 'costtracker', 'ct-70115', 'account', '52', 'Drivstoff', 'account', '52', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (54, 2, 'costtracker', 'ct-70115', 'account', '33', 'Elektro', 'account', '33', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (66, 2, 'costtracker', 'ct-70115', 'account', '13', 'Inventar', 'account', '13', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (73, 2, 'costtracker', 'ct-70115', 'account', '30', 'Materialkjøp', 'account', '30', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (74, 2, 'costtracker', 'ct-70115', 'account', '17', 'Merverdiavgift', 'account', '17', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (78, 2, 'costtracker', 'ct-70115', 'account', '54', 'Reisekostnader', 'account', '54', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (89, 2, 'costtracker', 'ct-70115', 'account', '46', 'Strøm', 'account', '46', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (94, 2, 'costtracker', 'ct-70115', 'account', '31', 'Trelast', 'account', '31', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (95, 2, 'costtracker', 'ct-70115', 'account', '37', 'Underentreprenører', 'account', '37', 'link', 'hub', '2026-11-21 15:38:11.923737+00');
INSERT INTO public.match VALUES (103, 2, 'costtracker', 'ct-70115', 'tax_code', '6', '15 % mva', 'tax_code', '6', 'link', 'hub', '2026-11-21 15:38:12.007721+00');
INSERT INTO public.match VALUES (104, 2, 'costtracker', 'ct-70115', 'tax_code', '5', '25 % mva', 'tax_code', '5', 'link', 'hub', '2026-11-21 15:38:12.007721+00');
INSERT INTO public.match VALUES (105, 2, 'costtracker', 'ct-70115', 'tax_code', '8', 'Uten mva', 'tax_code', '8', 'link', 'hub', '2026-11-21 15:38:12.007721+00');
INSERT INTO public.match VALUES (106, 2, 'costtracker', 'ct-70115', 'location', '2', 'Bergen', 'location', '2', 'link', 'hub', '2026-11-21 15:38:12.077267+00');
INSERT INTO public.match VALUES (108, 2, 'costtracker', 'ct-70115', 'location', '1', 'Oslo', 'location', '1', 'link', 'hub', '2026-11-21 15:38:12.077267+00');
INSERT INTO public.match VALUES (109, 2, 'costtracker', 'ct-70115', 'location', '3', 'Trondheim', 'location', '3', 'link', 'hub', '2026-11-21 15:38:12.077267+00');
INSERT INTO public.match VALUES (111, 2, 'costtracker', 'ct-70115', 'class', '5000000000000000004', 'Anlegg', 'class', '5000000000000000004', 'link', 'hub', '2026-11-21 15:38:12.144127+00');
INSERT INTO public.match VALUES (112, 2, 'costtracker', 'ct-70115', 'class', '5000000000000000001', 'Nybygg', 'class', '5000000000000000001', 'link', 'hub', '2026-11-21 15:38:12.144127+00');
INSERT INTO public.match VALUES (113, 2, 'costtracker', 'ct-70115', 'class', '5000000000000000002', 'Rehabilitering', 'class', '5000000000000000002', 'link', 'hub', '2026-11-21 15:38:12.144127+00');
INSERT INTO public.match VALUES (114, 2, 'costtracker', 'ct-70115', 'class', '5000000000000000003', 'Service', 'class', '5000000000000000003', 'link', 'hub', '2026-11-21 15:38:12.144127+00');
INSERT INTO public.match VALUES (115, 2, 'costtracker', 'ct-70115', 'customer', '41', 'Bjerke Borettslag', 'customer', '41', 'link', 'hub', '2026-11-21 15:38:12.192084+00');
INSERT INTO public.match VALUES (116, 2, 'costtracker', 'ct-70115', 'customer', '42', 'Fasade blokk A', 'customer', '42', 'link', 'hub', '2026-11-21 15:38:12.192084+00');
INSERT INTO public.match VALUES (119, 2, 'costtracker', 'ct-70115', 'customer', '45', 'Kjøkken og bad', 'customer', '45', 'link', 'hub', '2026-11-21 15:38:12.192084+00');
INSERT INTO public.match VALUES (124, 2, 'costtracker', 'ct-70115', 'customer', '50', 'Hyttefelt trinn 1', 'customer', '50', 'link', 'hub', '2026-11-21 15:38:12.192084+00');
INSERT INTO public.match VALUES (133, 2, 'costtracker', 'ct-70115', 'customer', '59', 'Nye lokaler', 'customer', '59', 'link', 'hub', '2026-11-21 15:38:12.192084+00');
INSERT INTO public.match VALUES (145, 1, 'ion', '4711', 'part', 'part:1', '820412-001 Rev B', 'item', '13', 'link', 'hub', '2026-11-21 15:45:42.968943+00');

INSERT INTO public.posting VALUES (28, 19, 2, 1, 3, NULL, 'bill', '', 'delete', '13:0', 0, 'ae3f13a71b9054998063e283dc74de7e', 0, '\x7b224964223a223133222c2253796e63546f6b656e223a2230227d', '27a37e96d601741a9919544087524c79494efa8baea822f26a989d9687389519', '{}', 'posted', '', '', false, '92cac2aa143b4174abe01896d8d5e597', NULL, '2026-11-21 15:43:14.648229+00', 'root (command line)', '27a37e96d601741a9919544087524c79494efa8baea822f26a989d9687389519', '2026-11-21 15:43:15+00', '2026-11-21 15:43:17.19193+00', '[]', '13', NULL, '26M-48127', 127869320000, NULL, 'NOK', '[]', '{"domain": "QBO", "status": "Deleted", "Id": "13"}', '2026-11-21 15:41:46.308901+00', '2026-11-21 15:43:15.628136+00');
INSERT INTO public.posting VALUES (23, 25, 1, 2, 5, NULL, 'item', '', 'create', '0', 0, '400bb77abac75d81ac6b6d482259fc7e', 0, '\x7b2241737365744163636f756e74526566223a7b2276616c7565223a223831227d2c224465736372697074696f6e223a22427261636b65742c20706f7274222c22457870656e73654163636f756e74526566223a7b2276616c7565223a223830227d2c22496e636f6d654163636f756e74526566223a7b2276616c7565223a22313036227d2c22496e76537461727444617465223a22323032362d31302d3232222c224e616d65223a223832303431322d303031205265762042222c225075726368617365436f7374223a38382e32352c22507572636861736544657363223a22427261636b65742c20706f7274222c225174794f6e48616e64223a302c22536b75223a223832303431322d303031222c22547261636b5174794f6e48616e64223a747275652c2254797065223a22496e76656e746f7279227d', '39724a9db408464d36302bf38cd7fab48325613f4f3220e32c99b7c3ecb970b4', '{"name": "820412-001 Rev B", "active": true, "income_account": "106", "expense_account": "80", "asset_account": "81", "type": "Inventory", "sku": "820412-001", "description": "Bracket, port", "cost": "88.25"}', 'posted', '', '', false, '5a23d7c837084c2793f43ce9262d47d5', NULL, '2026-11-21 15:39:33.537023+00', 'root (command line)', '39724a9db408464d36302bf38cd7fab48325613f4f3220e32c99b7c3ecb970b4', NULL, NULL, '[]', '13', '0', '', NULL, NULL, 'USD', '[]', '{"domain": "QBO", "sparse": false, "Id": "13", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T07:45:42-08:00", "LastUpdatedTime": "2026-11-21T07:45:42-08:00"}, "AssetAccountRef": {"value": "81", "name": "Inventory Asset"}, "Description": "Bracket, port", "ExpenseAccountRef": {"value": "80", "name": "Cost of Goods Sold"}, "IncomeAccountRef": {"value": "106", "name": "Construction Income"}, "InvStartDate": "2026-10-22", "Name": "820412-001 Rev B", "PurchaseCost": "88.25", "PurchaseDesc": "Bracket, port", "QtyOnHand": 0, "Sku": "820412-001", "TrackQtyOnHand": true, "Type": "Inventory", "Active": true, "Taxable": false, "UnitPrice": 0, "FullyQualifiedName": "820412-001 Rev B"}', '2026-11-21 15:39:30.977502+00', '2026-11-21 15:45:42.887444+00');
INSERT INTO public.posting VALUES (21, 6, 2, 1, 1, 6, 'bill', '1006-f1', 'attach', '12', 0, 'adda4b4c94585aabb6cbe3a5a60b680b', 0, '\x7b2241747461636861626c65526566223a5b7b22456e74697479526566223a7b2274797065223a2242696c6c222c2276616c7565223a223132227d2c22496e636c7564654f6e53656e64223a66616c73657d5d2c22436f6e74656e7454797065223a226170706c69636174696f6e2f706466222c2246696c654e616d65223a2246616b74757261203236422d34383033382e706466222c224e6f7465223a225b6875623a4e32484c555a4154354c444e5d227d', '94a212e1c343aa2e6ec911c5163b0e2727ccb4dfdc0845a80db93d6f6c086c90', '{"sha256": "7acefc0e089c2f4bd1e33eeb296e575b78f3bf7f07c8b2cbd52284a671746094", "size": 632, "name": "Faktura 26B-48038.pdf"}', 'posted', '', '', false, '8649e5412b8442c7848bad76e5fc1fb2', NULL, '2026-11-21 15:39:24.938309+00', NULL, NULL, '2026-11-21 15:39:23+00', '2026-11-21 15:39:27.106293+00', '[]', '5000000000000000002', '0', 'Faktura 26B-48038.pdf', NULL, NULL, '', '[]', '{"domain": "QBO", "sparse": false, "Id": "5000000000000000002", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:25+01:00", "LastUpdatedTime": "2026-11-21T16:39:25+01:00"}, "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "12"}, "IncludeOnSend": false}], "ContentType": "application/pdf", "FileName": "Faktura 26B-48038.pdf", "Note": "[hub:N2HLUZAT5LDN]", "Size": 632, "FileAccessUri": "/v3/company/9341453172096412/download/5000000000000000002", "TempDownloadUri": "http://127.0.0.1:18511/_files/9341453172096412/5000000000000000002/Faktura%2026B-48038.pdf?X-Amz-Date=1795275565&X-Amz-Expires=900"}', '2026-11-21 15:39:21.165924+00', '2026-11-21 15:39:25.879895+00');
INSERT INTO public.posting VALUES (19, 20, 2, 1, NULL, NULL, 'bill', '', 'create', '0', 0, '932ef42dcf1a56f989f5ddc45397ae37', 0, '\x', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{}', 'skipped', '', 'Paid in cash (root (command line))', false, '', NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, NULL, '26M-48137', 63960390000, NULL, 'NOK', '[]', '{}', '2026-11-21 15:39:20.951077+00', '2026-11-21 15:40:45.801132+00');
INSERT INTO public.posting VALUES (15, 16, 2, 1, NULL, NULL, 'bill', '', 'create', '0', 0, '05223535d0ab52d8aa700150cc4cca98', 0, '\x', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{}', 'held', 'mapping', 'Location: the lines differ, and a bill in QuickBooks has only one: line 1016-1: Oslo; line 1016-b: Bergen.', false, '', NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, NULL, '26B-48105', 7174200000, NULL, 'NOK', '[]', '{}', '2026-11-21 15:39:20.90707+00', '2026-11-21 15:43:13.206867+00');
INSERT INTO public.posting VALUES (20, 1, 2, 1, 1, 1, 'bill', '1001-f1', 'attach', '1', 0, '75762623dc355aae93b06223623ced35', 0, '\x7b2241747461636861626c65526566223a5b7b22456e74697479526566223a7b2274797065223a2242696c6c222c2276616c7565223a2231227d2c22496e636c7564654f6e53656e64223a66616c73657d5d2c22436f6e74656e7454797065223a226170706c69636174696f6e2f706466222c2246696c654e616d65223a2246616b747572612032364b2d34383030352e706466222c224e6f7465223a225b6875623a35373447524d5649495035525d227d', '47851968e7eadb98bababd1277976da2d99bf4ca935979f1781886e648a87615', '{"sha256": "42549f84f285d9e71c6c690a2e4e06e8e109c67378eaef4aeb9eb1f8682a6bec", "size": 632, "name": "Faktura 26K-48005.pdf"}', 'posted', '', '', false, '8649e5412b8442c7848bad76e5fc1fb2', NULL, '2026-11-21 15:39:24.938309+00', NULL, NULL, '2026-11-21 15:39:23+00', '2026-11-21 15:39:27.106293+00', '[]', '5000000000000000001', '0', 'Faktura 26K-48005.pdf', NULL, NULL, '', '[]', '{"domain": "QBO", "sparse": false, "Id": "5000000000000000001", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:25+01:00", "LastUpdatedTime": "2026-11-21T16:39:25+01:00"}, "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "1"}, "IncludeOnSend": false}], "ContentType": "application/pdf", "FileName": "Faktura 26K-48005.pdf", "Note": "[hub:574GRMVIIP5R]", "Size": 632, "FileAccessUri": "/v3/company/9341453172096412/download/5000000000000000001", "TempDownloadUri": "http://127.0.0.1:18511/_files/9341453172096412/5000000000000000001/Faktura%2026K-48005.pdf?X-Amz-Date=1795275565&X-Amz-Expires=900"}', '2026-11-21 15:39:21.165423+00', '2026-11-21 15:39:25.814531+00');
INSERT INTO public.posting VALUES (1, 1, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '7941b70fcabd561fa383d3650695e66b', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2231227d2c22446f634e756d626572223a2232364b2d3438303035222c2244756544617465223a22323032362d31312d3330222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223331227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223432227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33383032372e38302c224465736372697074696f6e223a224b72616e6c65696520756b652036222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203332202f204f6c615c6e5b6875623a35373447524d5649495035525d222c2254786e44617465223a22323032362d31302d3331222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a393530362e39352c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a33383032372e38302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d5d2c22546f74616c546178223a393530362e39357d2c2256656e646f72526566223a7b2276616c7565223a2231227d7d', '5e5f78347a4f80857d405586143c717351a1c0a1fcb061b37762fce5f64d7a02', '{"party": "1", "number": "26K-48005", "date": "2026-10-31", "currency": "NOK", "location": "1", "note": "Reference: Prosjekt 32 / Ola\n[hub:574GRMVIIP5R]", "total": "47534.75", "tax": "9506.95", "payable_account": "1", "due": "2026-11-30", "lines": [{"amount": "38027.80", "account": "31", "item": "", "class": "5000000000000000002", "customer": "42", "tax_code": "5", "id": "1001-1"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '1', '0', '26K-48005', 47534750000, 47534750000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "1", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "1", "name": "Oslo"}, "DocNumber": "26K-48005", "DueDate": "2026-11-30", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "38027.80", "Description": "Kranleie uke 6", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "31", "name": "Trelast"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "42", "name": "Bjerke Borettslag:Fasade blokk A"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 32 / Ola\n[hub:574GRMVIIP5R]", "TxnDate": "2026-10-31", "VendorRef": {"value": "1", "name": "Aas Trelast AS"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "9506.95", "TaxLine": [{"Amount": "9506.95", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "38027.80"}}]}, "TotalAmt": "47534.75", "Balance": "47534.75"}', '2026-11-21 15:39:20.763809+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (5, 5, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '157ddd306cba5fb7aa8b5bfab2e0ddc2', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2232227d2c22446f634e756d626572223a2232364d2d3438303331222c2244756544617465223a22323032362d31312d3033222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223436227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223539227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a373839332e32302c224465736372697074696f6e223a2244696573656c222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223331227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303033227d2c22437573746f6d6572526566223a7b2276616c7565223a223539227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a343039372e32302c224465736372697074696f6e223a225472656c61737420343878313938222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203233202f20496e677269645c6e5b6875623a4351595232545237365837475d222c2254786e44617465223a22323032362d31302d3230222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a323939372e36302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a31313939302e34302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d5d2c22546f74616c546178223a323939372e36307d2c2256656e646f72526566223a7b2276616c7565223a2236227d7d', '353b561322f9f68cea960219b11b994e12ee9927d76f8a694fe919ed9660262f', '{"party": "6", "number": "26M-48031", "date": "2026-10-20", "currency": "NOK", "location": "2", "note": "Reference: Prosjekt 23 / Ingrid\n[hub:CQYR2TR76X7G]", "total": "14988.00", "tax": "2997.60", "payable_account": "1", "due": "2026-11-03", "lines": [{"amount": "7893.20", "account": "46", "item": "", "class": "5000000000000000002", "customer": "59", "tax_code": "5", "id": "1005-1"}, {"amount": "4097.20", "account": "31", "item": "", "class": "5000000000000000003", "customer": "59", "tax_code": "5", "id": "1005-2"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '9', '0', '26M-48031', 14988000000, 14988000000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "9", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "2", "name": "Bergen"}, "DocNumber": "26M-48031", "DueDate": "2026-11-03", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "7893.20", "Description": "Diesel", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "46", "name": "Str\u00f8m"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "59", "name": "Larsen Tannklinikk:Nye lokaler"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "4097.20", "Description": "Trelast 48x198", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "31", "name": "Trelast"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000003", "name": "Service"}, "CustomerRef": {"value": "59", "name": "Larsen Tannklinikk:Nye lokaler"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 23 / Ingrid\n[hub:CQYR2TR76X7G]", "TxnDate": "2026-10-20", "VendorRef": {"value": "6", "name": "Elektro Vest AS"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "2997.60", "TaxLine": [{"Amount": "2997.60", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "11990.40"}}]}, "TotalAmt": "14988.00", "Balance": "14988.00"}', '2026-11-21 15:39:20.810165+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (4, 4, 2, 1, 1, NULL, 'vendor_credit', '', 'create', '0', 0, '213646b08a355c879bc64cf2edc53975', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2231227d2c22446f634e756d626572223a223236422d3438303231222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223436227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303031227d2c22437573746f6d6572526566223a7b2276616c7565223a223530227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33333437362e34302c224465736372697074696f6e223a22504f20323032362d3033313220c2b72052656b766973697461222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223436227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223530227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a31323230392e30302c224465736372697074696f6e223a22504f20323032362d3035363020c2b7205665726e65757473747972222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203331202f20496e677269645c6e5b6875623a4c43594b52574c54334e36485d222c2254786e44617465223a22323032362d31302d3037222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a31313432312e33352c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a34353638352e34302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d5d2c22546f74616c546178223a31313432312e33357d2c2256656e646f72526566223a7b2276616c7565223a2234227d7d', 'a68ff7eb0195ab2f5091d99fb12a7e9bf86b804158cc7284905b4a18f420530d', '{"party": "4", "number": "26B-48021", "date": "2026-10-07", "currency": "NOK", "location": "1", "note": "Reference: Prosjekt 31 / Ingrid\n[hub:LCYKRWLT3N6H]", "total": "57106.75", "tax": "11421.35", "payable_account": "1", "lines": [{"amount": "33476.40", "account": "46", "item": "", "class": "5000000000000000001", "customer": "50", "tax_code": "5", "id": "1004-1"}, {"amount": "12209.00", "account": "46", "item": "", "class": "5000000000000000002", "customer": "50", "tax_code": "5", "id": "1004-2"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '7', '0', '26B-48021', 57106750000, 57106750000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "7", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "1", "name": "Oslo"}, "DocNumber": "26B-48021", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "33476.40", "Description": "PO 2026-0312 \u00b7 Rekvisita", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "46", "name": "Str\u00f8m"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000001", "name": "Nybygg"}, "CustomerRef": {"value": "50", "name": "Fjellheim Hytter AS:Hyttefelt trinn 1"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "12209.00", "Description": "PO 2026-0560 \u00b7 Verneutstyr", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "46", "name": "Str\u00f8m"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "50", "name": "Fjellheim Hytter AS:Hyttefelt trinn 1"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 31 / Ingrid\n[hub:LCYKRWLT3N6H]", "TxnDate": "2026-10-07", "VendorRef": {"value": "4", "name": "Bygg & Bolig Proff"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "11421.35", "TaxLine": [{"Amount": "11421.35", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "45685.40"}}]}, "TotalAmt": "57106.75", "Balance": "57106.75"}', '2026-11-21 15:39:20.80622+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (6, 6, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '52dd020f85e4556682ebe277007ab43d', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2233227d2c22446f634e756d626572223a223236422d3438303338222c2244756544617465223a22323032362d31312d3039222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223534227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303033227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a32323539342e36302c224465736372697074696f6e223a22504f20323032362d3037393520c2b72044696573656c222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223337227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303034227d2c22437573746f6d6572526566223a7b2276616c7565223a223432227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33353231372e34302c224465736372697074696f6e223a22504f20323032362d3037393520c2b7205374696c6c6173222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203230202f204b6172695c6e5b6875623a4e32484c555a4154354c444e5d222c2254786e44617465223a22323032362d31302d3236222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a31343435332e30302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a35373831322e30302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d5d2c22546f74616c546178223a31343435332e30307d2c2256656e646f72526566223a7b2276616c7565223a2238227d7d', '0a2367cb8e4f37408a5fbfd21d1e9ac10f7277ad16c2b50ff27d16539efc3f44', '{"party": "8", "number": "26B-48038", "date": "2026-10-26", "currency": "NOK", "location": "3", "note": "Reference: Prosjekt 20 / Kari\n[hub:N2HLUZAT5LDN]", "total": "72265.00", "tax": "14453.00", "payable_account": "1", "due": "2026-11-09", "lines": [{"amount": "22594.60", "account": "54", "item": "", "class": "5000000000000000003", "customer": "", "tax_code": "5", "id": "1006-1"}, {"amount": "35217.40", "account": "37", "item": "", "class": "5000000000000000004", "customer": "42", "tax_code": "5", "id": "1006-2"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '12', '0', '26B-48038', 72265000000, 72265000000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "12", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "3", "name": "Trondheim"}, "DocNumber": "26B-48038", "DueDate": "2026-11-09", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "22594.60", "Description": "PO 2026-0795 \u00b7 Diesel", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "54", "name": "Reisekostnader"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000003", "name": "Service"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "35217.40", "Description": "PO 2026-0795 \u00b7 Stillas", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "37", "name": "Underentrepren\u00f8rer"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000004", "name": "Anlegg"}, "CustomerRef": {"value": "42", "name": "Bjerke Borettslag:Fasade blokk A"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 20 / Kari\n[hub:N2HLUZAT5LDN]", "TxnDate": "2026-10-26", "VendorRef": {"value": "8", "name": "Fjordkraft Maskin"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "14453.00", "TaxLine": [{"Amount": "14453.00", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "57812.00"}}]}, "TotalAmt": "72265.00", "Balance": "72265.00"}', '2026-11-21 15:39:20.82185+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (10, 11, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '135cf230dfce5123aab9b6ede0140f08', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2232227d2c22446f634e756d626572223a2232364d2d3438303730222c2244756544617465223a22323032362d31312d3037222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223332227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303034227d2c22437573746f6d6572526566223a7b2276616c7565223a223432227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33323538312e30302c224465736372697074696f6e223a22504f20323032362d3037313720c2b72047726176696e672062796767657472696e6e203339222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223337227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303031227d2c22437573746f6d6572526566223a7b2276616c7565223a223432227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a31393831322e36302c224465736372697074696f6e223a2247726176696e672062796767657472696e6e203437222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223330227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223432227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33333739312e32302c224465736372697074696f6e223a225374696c6c6173222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223332227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303033227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a32363933332e30302c224465736372697074696f6e223a225472656c61737420343878313938222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203336202f204b6172695c6e5b6875623a3350495933574c4e4a3552325d222c2254786e44617465223a22323032362d31302d3234222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a32383237392e34352c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a3131333131372e38302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d5d2c22546f74616c546178223a32383237392e34357d2c2256656e646f72526566223a7b2276616c7565223a223136227d7d', 'c7bd8fb9d8ae63778419a9ce41bbb950f707c983979192421df377dea9815f38', '{"party": "16", "number": "26M-48070", "date": "2026-10-24", "currency": "NOK", "location": "2", "note": "Reference: Prosjekt 36 / Kari\n[hub:3PIY3WLNJ5R2]", "total": "141397.25", "tax": "28279.45", "payable_account": "1", "due": "2026-11-07", "lines": [{"amount": "32581.00", "account": "32", "item": "", "class": "5000000000000000004", "customer": "42", "tax_code": "5", "id": "1011-1"}, {"amount": "19812.60", "account": "37", "item": "", "class": "5000000000000000001", "customer": "42", "tax_code": "5", "id": "1011-2"}, {"amount": "33791.20", "account": "30", "item": "", "class": "5000000000000000002", "customer": "42", "tax_code": "5", "id": "1011-3"}, {"amount": "26933.00", "account": "32", "item": "", "class": "5000000000000000003", "customer": "", "tax_code": "5", "id": "1011-4"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '15', '0', '26M-48070', 141397250000, 141397250000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "15", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "2", "name": "Bergen"}, "DocNumber": "26M-48070", "DueDate": "2026-11-07", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "32581.00", "Description": "PO 2026-0717 \u00b7 Graving byggetrinn 39", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "32", "name": "Betong og mur"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000004", "name": "Anlegg"}, "CustomerRef": {"value": "42", "name": "Bjerke Borettslag:Fasade blokk A"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "19812.60", "Description": "Graving byggetrinn 47", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "37", "name": "Underentrepren\u00f8rer"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000001", "name": "Nybygg"}, "CustomerRef": {"value": "42", "name": "Bjerke Borettslag:Fasade blokk A"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "3", "LineNum": 3, "Amount": "33791.20", "Description": "Stillas", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "30", "name": "Materialkj\u00f8p"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "42", "name": "Bjerke Borettslag:Fasade blokk A"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "4", "LineNum": 4, "Amount": "26933.00", "Description": "Trelast 48x198", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "32", "name": "Betong og mur"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000003", "name": "Service"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 36 / Kari\n[hub:3PIY3WLNJ5R2]", "TxnDate": "2026-10-24", "VendorRef": {"value": "16", "name": "J\u00f8tul Ventilasjon"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "28279.45", "TaxLine": [{"Amount": "28279.45", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "113117.80"}}]}, "TotalAmt": "141397.25", "Balance": "141397.25"}', '2026-11-21 15:39:20.868252+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (11, 12, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, 'c64066e3fbd75f4183947484a3675f54', 0, '\x7b2243757272656e6379526566223a7b2276616c7565223a22455552227d2c224465706172746d656e74526566223a7b2276616c7565223a2233227d2c22446f634e756d626572223a2232364d2d3438303739222c2244756544617465223a22323032362d31312d3037222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223331227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303031227d2c22546178436f6465526566223a7b2276616c7565223a2238227d7d2c22416d6f756e74223a32393237312e30302c224465736372697074696f6e223a22504f20323032362d3035353720c2b7204b72616e6c65696520756b65203334222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223331227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22546178436f6465526566223a7b2276616c7565223a2238227d7d2c22416d6f756e74223a3539322e38302c224465736372697074696f6e223a22504f20323032362d3034363620c2b72047726176696e672062796767657472696e6e203139222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203235202f20496e677269645c6e5b6875623a534c595136424144444d49595d222c2254786e44617465223a22323032362d31302d3234222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a302e30302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a32393836332e38302c2250657263656e744261736564223a747275652c2254617850657263656e74223a302c2254617852617465526566223a7b2276616c7565223a2237227d7d7d5d2c22546f74616c546178223a302e30307d2c2256656e646f72526566223a7b2276616c7565223a223337227d7d', 'cba6511f86de094ee4948c5042dc6593372921cc6a4f5082d64f2f9a17f7bb30', '{"party": "37", "number": "26M-48079", "date": "2026-10-24", "currency": "EUR", "location": "3", "note": "Reference: Prosjekt 25 / Ingrid\n[hub:SLYQ6BADDMIY]", "total": "29863.80", "tax": "0", "due": "2026-11-07", "lines": [{"amount": "29271.00", "account": "31", "item": "", "class": "5000000000000000001", "customer": "", "tax_code": "8", "id": "1012-1"}, {"amount": "592.80", "account": "31", "item": "", "class": "5000000000000000002", "customer": "", "tax_code": "8", "id": "1012-2"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '2', '0', '26M-48079', 29863800000, 29863800000, 'EUR', '["Leverand\u00f8rgjeld is kept in NOK; QuickBooks uses its account for EUR."]', '{"domain": "QBO", "sparse": false, "Id": "2", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "CurrencyRef": {"value": "EUR", "name": "Euro"}, "DepartmentRef": {"value": "3", "name": "Trondheim"}, "DocNumber": "26M-48079", "DueDate": "2026-11-07", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "29271.00", "Description": "PO 2026-0557 \u00b7 Kranleie uke 34", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "31", "name": "Trelast"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000001", "name": "Nybygg"}, "TaxCodeRef": {"value": "8"}}}, {"Id": "2", "LineNum": 2, "Amount": "592.80", "Description": "PO 2026-0466 \u00b7 Graving byggetrinn 19", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "31", "name": "Trelast"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "TaxCodeRef": {"value": "8"}}}], "PrivateNote": "Reference: Prosjekt 25 / Ingrid\n[hub:SLYQ6BADDMIY]", "TxnDate": "2026-10-24", "VendorRef": {"value": "37", "name": "Hamburg Hebetechnik GmbH"}, "ExchangeRate": "11.77665", "APAccountRef": {"value": "64", "name": "Leverand\u00f8rgjeld - EUR"}, "TxnTaxDetail": {"TotalTax": 0, "TaxLine": [{"Amount": 0, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "7"}, "PercentBased": true, "TaxPercent": 0, "NetAmountTaxable": "29863.80"}}]}, "TotalAmt": "29863.80", "Balance": "29863.80", "HomeBalance": "351695.52"}', '2026-11-21 15:39:20.86981+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (16, 17, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '48216ebf5afc579b9a72eb39a05466b2', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2232227d2c22446f634e756d626572223a223236412d3438313133222c2244756544617465223a22323032362d31312d3132222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223436227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223435227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33393733342e34302c224465736372697074696f6e223a2252656b766973697461222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223332227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303033227d2c22437573746f6d6572526566223a7b2276616c7565223a223435227d2c22546178436f6465526566223a7b2276616c7565223a2236227d7d2c22416d6f756e74223a31363735362e30302c224465736372697074696f6e223a224b72616e6c65696520756b65203133222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223337227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303034227d2c22546178436f6465526566223a7b2276616c7565223a2238227d7d2c22416d6f756e74223a32333936322e38302c224465736372697074696f6e223a224265746f6e6720433335222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203336202f204b6172695c6e5b6875623a524354515237424a5946354c5d222c2254786e44617465223a22323032362d31302d3133222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a393933332e36302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a33393733342e34302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d2c7b22416d6f756e74223a323531332e34302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a31363735362e30302c2250657263656e744261736564223a747275652c2254617850657263656e74223a31352c2254617852617465526566223a7b2276616c7565223a2233227d7d7d2c7b22416d6f756e74223a302e30302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a32333936322e38302c2250657263656e744261736564223a747275652c2254617850657263656e74223a302c2254617852617465526566223a7b2276616c7565223a2237227d7d7d5d2c22546f74616c546178223a31323434372e30307d2c2256656e646f72526566223a7b2276616c7565223a223334227d7d', '489e3e79eab53e5ff361ddef91667c7894cca8e26096b45a86d443a9f0430536', '{"party": "34", "number": "26A-48113", "date": "2026-10-13", "currency": "NOK", "location": "2", "note": "Reference: Prosjekt 36 / Kari\n[hub:RCTQR7BJYF5L]", "total": "92900.20", "tax": "12447.00", "payable_account": "1", "due": "2026-11-12", "lines": [{"amount": "39734.40", "account": "46", "item": "", "class": "5000000000000000002", "customer": "45", "tax_code": "5", "id": "1017-1"}, {"amount": "16756.00", "account": "32", "item": "", "class": "5000000000000000003", "customer": "45", "tax_code": "6", "id": "1017-2"}, {"amount": "23962.80", "account": "37", "item": "", "class": "5000000000000000004", "customer": "", "tax_code": "8", "id": "1017-3"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '6', '0', '26A-48113', 92900200000, 92900200000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "6", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "2", "name": "Bergen"}, "DocNumber": "26A-48113", "DueDate": "2026-11-12", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "39734.40", "Description": "Rekvisita", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "46", "name": "Str\u00f8m"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "45", "name": "Dahl, Ingrid:Kj\u00f8kken og bad"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "16756.00", "Description": "Kranleie uke 13", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "32", "name": "Betong og mur"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000003", "name": "Service"}, "CustomerRef": {"value": "45", "name": "Dahl, Ingrid:Kj\u00f8kken og bad"}, "TaxCodeRef": {"value": "6"}}}, {"Id": "3", "LineNum": 3, "Amount": "23962.80", "Description": "Betong C35", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "37", "name": "Underentrepren\u00f8rer"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000004", "name": "Anlegg"}, "TaxCodeRef": {"value": "8"}}}], "PrivateNote": "Reference: Prosjekt 36 / Kari\n[hub:RCTQR7BJYF5L]", "TxnDate": "2026-10-13", "VendorRef": {"value": "34", "name": "\u00d8rland Transport"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "12447.00", "TaxLine": [{"Amount": "9933.60", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "39734.40"}}, {"Amount": "2513.40", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "3"}, "PercentBased": true, "TaxPercent": 15, "NetAmountTaxable": "16756.00"}}, {"Amount": 0, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "7"}, "PercentBased": true, "TaxPercent": 0, "NetAmountTaxable": "23962.80"}}]}, "TotalAmt": "92900.20", "Balance": "92900.20"}', '2026-11-21 15:39:20.930221+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (18, 19, 2, 1, 1, NULL, 'bill', '', 'create', '0', 0, '9ffc9e608dc45fd7a4268a7074d12756', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a2231227d2c2243757272656e6379526566223a7b2276616c7565223a224e4f4b227d2c224465706172746d656e74526566223a7b2276616c7565223a2231227d2c22446f634e756d626572223a2232364d2d3438313237222c2244756544617465223a22323032362d31322d3135222c22476c6f62616c54617843616c63756c6174696f6e223a225461784578636c75646564222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223532227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303034227d2c22437573746f6d6572526566223a7b2276616c7565223a223530227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a32373034322e36302c224465736372697074696f6e223a22504f20323032362d3034303220c2b7204875736c656965206c61676572222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223331227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303031227d2c22546178436f6465526566223a7b2276616c7565223a2238227d7d2c22416d6f756e74223a32333538342e34302c224465736372697074696f6e223a224265746f6e6720433335222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223332227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303032227d2c22437573746f6d6572526566223a7b2276616c7565223a223530227d2c22546178436f6465526566223a7b2276616c7565223a2236227d7d2c22416d6f756e74223a32333831352e38302c224465736372697074696f6e223a224265746f6e6720433335222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d2c7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223332227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c22436c617373526566223a7b2276616c7565223a2235303030303030303030303030303030303033227d2c22437573746f6d6572526566223a7b2276616c7565223a223530227d2c22546178436f6465526566223a7b2276616c7565223a2235227d7d2c22416d6f756e74223a33343437342e38302c224465736372697074696f6e223a225472656c61737420343878313938222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a225265666572656e63653a2050726f736a656b74203233202f204f6c615c6e5b6875623a35324c4b35574935573636545d222c2254786e44617465223a22323032362d31312d3135222c2254786e54617844657461696c223a7b225461784c696e65223a5b7b22416d6f756e74223a31353337392e33352c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a36313531372e34302c2250657263656e744261736564223a747275652c2254617850657263656e74223a32352c2254617852617465526566223a7b2276616c7565223a2231227d7d7d2c7b22416d6f756e74223a302e30302c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a32333538342e34302c2250657263656e744261736564223a747275652c2254617850657263656e74223a302c2254617852617465526566223a7b2276616c7565223a2237227d7d7d2c7b22416d6f756e74223a333537322e33372c2244657461696c54797065223a225461784c696e6544657461696c222c225461784c696e6544657461696c223a7b224e6574416d6f756e7454617861626c65223a32333831352e38302c2250657263656e744261736564223a747275652c2254617850657263656e74223a31352c2254617852617465526566223a7b2276616c7565223a2233227d7d7d5d2c22546f74616c546178223a31383935312e37327d2c2256656e646f72526566223a7b2276616c7565223a2231227d7d', 'f06bccd3f1074a318ba019a9d3d90ae9d561b5b420ab35dc9c9564f74ddc71a4', '{"party": "1", "number": "26M-48127", "date": "2026-11-15", "currency": "NOK", "location": "1", "note": "Reference: Prosjekt 23 / Ola\n[hub:52LK5WI5W66T]", "total": "127869.32", "tax": "18951.72", "payable_account": "1", "due": "2026-12-15", "lines": [{"amount": "27042.60", "account": "52", "item": "", "class": "5000000000000000004", "customer": "50", "tax_code": "5", "id": "1019-1"}, {"amount": "23584.40", "account": "31", "item": "", "class": "5000000000000000001", "customer": "", "tax_code": "8", "id": "1019-2"}, {"amount": "23815.80", "account": "32", "item": "", "class": "5000000000000000002", "customer": "50", "tax_code": "6", "id": "1019-3"}, {"amount": "34474.80", "account": "32", "item": "", "class": "5000000000000000003", "customer": "50", "tax_code": "5", "id": "1019-4"}]}', 'posted', '', '', false, '660e7f52a50844079f9429b28a52172b', NULL, '2026-11-21 15:39:22.431488+00', NULL, NULL, '2026-11-21 15:39:22+00', '2026-11-21 15:39:24.600463+00', '[]', '13', '0', '26M-48127', 127869320000, 127869320000, 'NOK', '[]', '{"domain": "QBO", "sparse": false, "Id": "13", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:23+01:00", "LastUpdatedTime": "2026-11-21T16:39:23+01:00"}, "APAccountRef": {"value": "1", "name": "Leverand\u00f8rgjeld"}, "CurrencyRef": {"value": "NOK", "name": "Norwegian Krone"}, "DepartmentRef": {"value": "1", "name": "Oslo"}, "DocNumber": "26M-48127", "DueDate": "2026-12-15", "GlobalTaxCalculation": "TaxExcluded", "Line": [{"Id": "1", "LineNum": 1, "Amount": "27042.60", "Description": "PO 2026-0402 \u00b7 Husleie lager", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "52", "name": "Drivstoff"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000004", "name": "Anlegg"}, "CustomerRef": {"value": "50", "name": "Fjellheim Hytter AS:Hyttefelt trinn 1"}, "TaxCodeRef": {"value": "5"}}}, {"Id": "2", "LineNum": 2, "Amount": "23584.40", "Description": "Betong C35", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "31", "name": "Trelast"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000001", "name": "Nybygg"}, "TaxCodeRef": {"value": "8"}}}, {"Id": "3", "LineNum": 3, "Amount": "23815.80", "Description": "Betong C35", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "32", "name": "Betong og mur"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000002", "name": "Rehabilitering"}, "CustomerRef": {"value": "50", "name": "Fjellheim Hytter AS:Hyttefelt trinn 1"}, "TaxCodeRef": {"value": "6"}}}, {"Id": "4", "LineNum": 4, "Amount": "34474.80", "Description": "Trelast 48x198", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "32", "name": "Betong og mur"}, "BillableStatus": "NotBillable", "ClassRef": {"value": "5000000000000000003", "name": "Service"}, "CustomerRef": {"value": "50", "name": "Fjellheim Hytter AS:Hyttefelt trinn 1"}, "TaxCodeRef": {"value": "5"}}}], "PrivateNote": "Reference: Prosjekt 23 / Ola\n[hub:52LK5WI5W66T]", "TxnDate": "2026-11-15", "VendorRef": {"value": "1", "name": "Aas Trelast AS"}, "ExchangeRate": 1, "TxnTaxDetail": {"TotalTax": "18951.72", "TaxLine": [{"Amount": "15379.35", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}, "PercentBased": true, "TaxPercent": 25, "NetAmountTaxable": "61517.40"}}, {"Amount": 0, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "7"}, "PercentBased": true, "TaxPercent": 0, "NetAmountTaxable": "23584.40"}}, {"Amount": "3572.37", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "3"}, "PercentBased": true, "TaxPercent": 15, "NetAmountTaxable": "23815.80"}}]}, "TotalAmt": "127869.32", "Balance": "127869.32"}', '2026-11-21 15:39:20.949821+00', '2026-11-21 15:39:24.040638+00');
INSERT INTO public.posting VALUES (22, 11, 2, 1, 1, 10, 'bill', '1011-f1', 'attach', '15', 0, '585f9d675b7c5d8e81cb580910d36061', 0, '\x7b2241747461636861626c65526566223a5b7b22456e74697479526566223a7b2274797065223a2242696c6c222c2276616c7565223a223135227d2c22496e636c7564654f6e53656e64223a66616c73657d5d2c22436f6e74656e7454797065223a226170706c69636174696f6e2f706466222c2246696c654e616d65223a2246616b747572612032364d2d34383037302e706466222c224e6f7465223a225b6875623a3350495933574c4e4a3552325d227d', 'ef2956f688e5baf43a7e88c463168dbd9752432e6dc7b869776ca0c3e153aa68', '{"sha256": "ff1b7acfe5a8c22c80e318d05e872a13949ccfcd59b5835c012b2eefd4f4f1b7", "size": 632, "name": "Faktura 26M-48070.pdf"}', 'posted', '', '', false, '8649e5412b8442c7848bad76e5fc1fb2', NULL, '2026-11-21 15:39:24.938309+00', NULL, NULL, '2026-11-21 15:39:23+00', '2026-11-21 15:39:27.106293+00', '[]', '5000000000000000003', '0', 'Faktura 26M-48070.pdf', NULL, NULL, '', '[]', '{"domain": "QBO", "sparse": false, "Id": "5000000000000000003", "SyncToken": "0", "MetaData": {"CreateTime": "2026-11-21T16:39:25+01:00", "LastUpdatedTime": "2026-11-21T16:39:25+01:00"}, "AttachableRef": [{"EntityRef": {"type": "Bill", "value": "15"}, "IncludeOnSend": false}], "ContentType": "application/pdf", "FileName": "Faktura 26M-48070.pdf", "Note": "[hub:3PIY3WLNJ5R2]", "Size": 632, "FileAccessUri": "/v3/company/9341453172096412/download/5000000000000000003", "TempDownloadUri": "http://127.0.0.1:18511/_files/9341453172096412/5000000000000000003/Faktura%2026M-48070.pdf?X-Amz-Date=1795275565&X-Amz-Expires=900"}', '2026-11-21 15:39:21.166263+00', '2026-11-21 15:39:25.899802+00');
INSERT INTO public.posting VALUES (25, 22, 1, 2, NULL, NULL, 'purchase_order', '', 'create', '0', 0, 'b25227b753905e3480c8a8b708f4430d', 0, '\x', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{}', 'held', 'mapping', 'Fee “Freight”: nothing in QuickBooks fits it. Fee “Rebate”: nothing in QuickBooks fits it.', false, '', NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, NULL, '1002', 371000000, NULL, 'USD', '[]', '{}', '2026-11-21 15:39:31.055131+00', '2026-11-21 15:45:41.566704+00');
INSERT INTO public.posting VALUES (24, 21, 1, 2, 5, 23, 'purchase_order', '', 'create', '0', 0, 'cd284edf59505f84ba3d806e43c00bef', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a223333227d2c22446f634e756d626572223a2231303031222c2244756544617465223a22323032362d31322d3035222c224c696e65223a5b7b22416d6f756e74223a3130322e30302c224465736372697074696f6e223a22427261636b65742c20706f7274222c2244657461696c54797065223a224974656d4261736564457870656e73654c696e6544657461696c222c224974656d4261736564457870656e73654c696e6544657461696c223a7b2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65222c224974656d526566223a7b2276616c7565223a223133227d2c22517479223a342c22556e69745072696365223a32352e35307d7d5d2c22507269766174654e6f7465223a22494f4e207075726368617365206f7264657220313030312028437573746f6d292c2076657273696f6e20315c6e5b6875623a4f424d5058434f544b4d5a585d222c225368697041646472223a7b2243697479223a224d6f6a617665222c22436f756e747279223a225553222c22436f756e7472795375624469766973696f6e436f6465223a224341222c224c696e6531223a224f72626974616c20576f726b73222c224c696e6532223a2233204c61756e636820526f6164222c224c696e6533223a2248616e6761722033222c22506f7374616c436f6465223a223933353031227d2c2254786e44617465223a22323032362d31312d3231222c2256656e646f72526566223a7b2276616c7565223a2239227d7d', 'b5de14077f827c02fe7840e6201244189c81d6a5a3209a02e335212e189b6461', '{"party": "9", "number": "1001", "date": "2026-11-21", "currency": "USD", "location": "", "note": "ION purchase order 1001 (Custom), version 1\n[hub:OBMPXCOTKMZX]", "total": "102.00", "tax": "0", "payable_account": "33", "due": "2026-12-05", "lines": [{"amount": "102.00", "account": "", "item": "13", "class": "", "customer": "", "tax_code": "", "id": "line:1"}]}', 'unknown', '', '', false, '49371b53c8034ec1a5aab08ecb0bafc1', NULL, '2026-11-21 15:39:33.537023+00', 'root (command line)', 'b5de14077f827c02fe7840e6201244189c81d6a5a3209a02e335212e189b6461', '2026-11-21 15:45:43+00', '2026-11-21 15:45:45.373712+00', '[]', NULL, NULL, '1001', 102000000, NULL, 'USD', '[]', '{}', '2026-11-21 15:39:31.053154+00', '2026-11-21 15:45:44.279122+00');
INSERT INTO public.posting VALUES (26, 23, 1, 2, NULL, NULL, 'purchase_order', '', 'create', '0', 0, '97d7a17a5e6a5a3eacf7be9116a492c0', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a223333227d2c22446f634e756d626572223a2231303033222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223137227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65227d2c22416d6f756e74223a35392e39372c224465736372697074696f6e223a22486f6973742c206279207468652064617920283320782031392e393929222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a22494f4e207075726368617365206f7264657220313030332028437573746f6d292c2076657273696f6e20315c6e5b6875623a4642365347543447413244365d222c225368697041646472223a7b2243697479223a224d6f6a617665222c22436f756e747279223a225553222c22436f756e7472795375624469766973696f6e436f6465223a224341222c224c696e6531223a224f72626974616c20576f726b73222c224c696e6532223a2233204c61756e636820526f6164222c224c696e6533223a2248616e6761722033222c22506f7374616c436f6465223a223933353031227d2c2254786e44617465223a22323032362d31312d3231222c2256656e646f72526566223a7b2276616c7565223a2239227d7d', '92805afcc7c3570ec06548df30b7eef61e867789bdcc8080af7cfc6ac2788862', '{"party": "9", "number": "1003", "date": "2026-11-21", "currency": "USD", "location": "", "note": "ION purchase order 1003 (Custom), version 1\n[hub:FB6SGT4GA2D6]", "total": "59.97", "tax": "0", "payable_account": "33", "lines": [{"amount": "59.97", "account": "17", "item": "", "class": "", "customer": "", "tax_code": "", "id": "line:4"}]}', 'review', '', '', false, '', NULL, '2026-11-21 15:39:33.537023+00', NULL, NULL, NULL, NULL, '[]', NULL, NULL, '1003', 59970000, NULL, 'USD', '[]', '{}', '2026-11-21 15:39:31.118268+00', '2026-11-21 15:39:31.118268+00');
INSERT INTO public.posting VALUES (27, 24, 1, 2, NULL, NULL, 'purchase_order', '', 'create', '0', 0, 'ead3414fe0285a18b5f8b59e0e897066', 0, '\x7b2241504163636f756e74526566223a7b2276616c7565223a223333227d2c22446f634e756d626572223a2231303034222c224c696e65223a5b7b224163636f756e744261736564457870656e73654c696e6544657461696c223a7b224163636f756e74526566223a7b2276616c7565223a223133227d2c2242696c6c61626c65537461747573223a224e6f7442696c6c61626c65227d2c22416d6f756e74223a37352e30302c224465736372697074696f6e223a22474c4f5645532d4d20526576204120c2b7204e697472696c6520676c6f76657320283132207820362e323529222c2244657461696c54797065223a224163636f756e744261736564457870656e73654c696e6544657461696c227d5d2c22507269766174654e6f7465223a22494f4e207075726368617365206f7264657220313030342028437573746f6d292c2076657273696f6e20315c6e5b6875623a43434d5032454647485032425d222c225368697041646472223a7b2243697479223a224d6f6a617665222c22436f756e747279223a225553222c22436f756e7472795375624469766973696f6e436f6465223a224341222c224c696e6531223a224f72626974616c20576f726b73222c224c696e6532223a2233204c61756e636820526f6164222c224c696e6533223a2248616e6761722033222c22506f7374616c436f6465223a223933353031227d2c2254786e44617465223a22323032362d31312d3231222c2256656e646f72526566223a7b2276616c7565223a2239227d7d', 'b945c597ff97a6618baaa088b7d7208a206a7c322d1d698a75c0386873acfd17', '{"party": "9", "number": "1004", "date": "2026-11-21", "currency": "USD", "location": "", "note": "ION purchase order 1004 (Custom), version 1\n[hub:CCMP2EFGHP2B]", "total": "75.00", "tax": "0", "payable_account": "33", "lines": [{"amount": "75.00", "account": "13", "item": "", "class": "", "customer": "", "tax_code": "", "id": "line:5"}]}', 'review', '', '', false, '', NULL, '2026-11-21 15:39:33.537023+00', NULL, NULL, NULL, NULL, '[]', NULL, NULL, '1004', 75000000, NULL, 'USD', '[]', '{}', '2026-11-21 15:39:31.125195+00', '2026-11-21 15:39:31.125195+00');

INSERT INTO public.read_day VALUES (2, '2026-11-21', 26);
INSERT INTO public.read_day VALUES (1, '2026-11-21', 17);

INSERT INTO public.receipt_row VALUES (1, 1, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.155983+00:00", "kind": "bill", "id": "1", "number": "26K-48005", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=1"}', '2026-11-21 15:39:24.155983+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (4, 4, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156374+00:00", "kind": "vendor_credit", "id": "7", "number": "26B-48021", "url": "https://app.sandbox.qbo.intuit.com/app/vendorcredit?txnId=7"}', '2026-11-21 15:39:24.156374+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (5, 5, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156415+00:00", "kind": "bill", "id": "9", "number": "26M-48031", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=9"}', '2026-11-21 15:39:24.156415+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (6, 6, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156456+00:00", "kind": "bill", "id": "12", "number": "26B-48038", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=12"}', '2026-11-21 15:39:24.156456+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (10, 11, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156642+00:00", "kind": "bill", "id": "15", "number": "26M-48070", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=15"}', '2026-11-21 15:39:24.156642+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (11, 12, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156681+00:00", "kind": "bill", "id": "2", "number": "26M-48079", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=2"}', '2026-11-21 15:39:24.156681+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (15, 17, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156831+00:00", "kind": "bill", "id": "6", "number": "26A-48113", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=6"}', '2026-11-21 15:39:24.156831+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (17, 19, 1, 'posted', '{"state": "posted", "at": "2026-11-21T15:39:24.156907+00:00", "kind": "bill", "id": "13", "number": "26M-48127", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=13"}', '2026-11-21 15:39:24.156907+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (18, 16, 1, 'held', '{"state": "held", "at": "2026-11-21T15:39:26.460736+00:00", "kind": "bill", "message": "Location: the lines differ, and a bill in QuickBooks has only one: line 1016-1: Oslo; line 1016-b: Bergen."}', '2026-11-21 15:39:26.460736+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (19, 20, 1, 'held', '{"state": "held", "at": "2026-11-21T15:39:26.507634+00:00", "kind": "bill", "message": "Supplier \u201cHelt Ny Leverand\u00f8r ENK\u201d: nothing in QuickBooks fits it."}', '2026-11-21 15:39:26.507634+00', 1, NULL, 'delivered', '');
INSERT INTO public.receipt_row VALUES (20, 17, 1, 'missing', '{"state": "missing", "at": "2026-11-21T15:43:59.035676+00:00", "kind": "bill", "id": "6", "number": "26A-48113", "url": "https://app.sandbox.qbo.intuit.com/app/bill?txnId=6", "message": "Bill 26A-48113 of \u00d8rland Transport was posted as transaction 6, which is no longer there."}', '2026-11-21 15:43:59.035676+00', 0, '2026-11-21 15:43:59.035676+00', '', '');
INSERT INTO public.receipt_row VALUES (21, 25, 2, 'posted', '{"state": "posted", "at": "2026-11-21T15:45:43.097934+00:00", "kind": "item", "id": "13"}', '2026-11-21 15:45:43.097934+00', 0, '2026-11-21 15:45:43.097934+00', '', '');

INSERT INTO public.record VALUES (1, 'account', '1', 'Services', 'Services', '4010', 'Income', 'ServiceFeeIncome', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '13', 'Meals and Entertainment', 'Meals and Entertainment', '6300', 'Expense', 'EntertainmentMeals', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '17', 'Rent or Lease', 'Rent or Lease', '6400', 'Expense', 'RentOrLeaseOfBuildings', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '30', 'Uncategorized Income', 'Uncategorized Income', '4990', 'Income', 'ServiceFeeIncome', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '31', 'Uncategorized Expense', 'Uncategorized Expense', '6990', 'Expense', 'OtherMiscellaneousServiceCost', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '32', 'Uncategorized Asset', 'Uncategorized Asset', '1390', 'Other Current Asset', 'OtherCurrentAssets', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '33', 'Accounts Payable (A/P)', 'Accounts Payable (A/P)', '2000', 'Accounts Payable', 'AccountsPayable', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '37', 'Trucks', 'Trucks', '1500', 'Fixed Asset', 'Vehicles', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '80', 'Cost of Goods Sold', 'Cost of Goods Sold', '5000', 'Cost of Goods Sold', 'SuppliesMaterialsCogs', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '81', 'Inventory Asset', 'Inventory Asset', '1200', 'Other Current Asset', 'Inventory', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'account', '106', 'Construction Income', 'Construction Income', '4000', 'Income', 'SalesOfProductIncome', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:30.943531+00');
INSERT INTO public.record VALUES (1, 'vendor', '1', 'Alder Ridge Lumber', 'Alder Ridge Lumber', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '4', 'Badger Drywall LLC', 'Badger Drywall LLC', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '6', 'Bedrock Excavation', 'Bedrock Excavation', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '8', 'Bright Line Electric', 'Bright Line Electric', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '9', 'Canyon Steel Works', 'Canyon Steel Works', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '16', 'First Choice Rentals', 'First Choice Rentals', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '34', 'Sierra Ready Mix', 'Sierra Ready Mix', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'vendor', '37', 'Timberline Trusses', 'Timberline Trusses', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.07712+00');
INSERT INTO public.record VALUES (1, 'customer', '41', 'Anderson, Mary', 'Anderson, Mary', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.187559+00');
INSERT INTO public.record VALUES (1, 'customer', '42', 'Kitchen Remodel', 'Anderson, Mary:Kitchen Remodel', '', '', '', '41', true, 'USD', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:31.187559+00');
INSERT INTO public.record VALUES (1, 'customer', '45', 'Parking Deck', 'Bayview Apartments:Parking Deck', '', '', '', '43', true, 'USD', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:31.187559+00');
INSERT INTO public.record VALUES (1, 'customer', '50', 'Warranty Work', 'Cedar Grove School:Warranty Work', '', '', '', '48', true, 'USD', '', '', '{"job": true, "sync_token": "0"}', '2026-11-21 15:37:31.187559+00');
INSERT INTO public.record VALUES (1, 'customer', '59', 'Lakeshore HOA', 'Lakeshore HOA', '', '', '', NULL, true, 'USD', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.187559+00');
INSERT INTO public.record VALUES (1, 'item', '1', 'Services', 'Services', '', 'Service', '', NULL, true, '', '', '', '{"income_account": "1", "sync_token": "0"}', '2026-11-21 15:37:31.292413+00');
INSERT INTO public.record VALUES (1, 'class', '5000000000000000001', 'Residential', 'Residential', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.348467+00');
INSERT INTO public.record VALUES (1, 'class', '5000000000000000002', 'Commercial', 'Commercial', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.348467+00');
INSERT INTO public.record VALUES (1, 'class', '5000000000000000003', 'Remodel', 'Remodel', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.348467+00');
INSERT INTO public.record VALUES (1, 'class', '5000000000000000004', 'Service', 'Service', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.348467+00');
INSERT INTO public.record VALUES (1, 'location', '1', 'Main Office', 'Main Office', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.396274+00');
INSERT INTO public.record VALUES (1, 'location', '2', 'North Yard', 'North Yard', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.396274+00');
INSERT INTO public.record VALUES (1, 'location', '3', 'South Yard', 'South Yard', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.396274+00');
INSERT INTO public.record VALUES (1, 'tax_rate', '1', 'California', 'California', '', '', '', NULL, true, '', '', '8', '{"description": "California", "sync_token": "0"}', '2026-11-21 15:37:31.495525+00');
INSERT INTO public.record VALUES (1, 'tax_code', '2', 'California', 'California', '', '', '', NULL, true, '', '', '8', '{"description": "California", "use": "both", "rates": {"purchase": ["1"], "sales": ["1"]}, "sync_token": "0"}', '2026-11-21 15:37:31.579548+00');
INSERT INTO public.record VALUES (1, 'term', '1', 'Due on receipt', 'Due on receipt', '', 'STANDARD', '', NULL, true, '', '', '', '{"due_days": "0", "sync_token": "0"}', '2026-11-21 15:37:31.700504+00');
INSERT INTO public.record VALUES (1, 'payment_method', '1', 'Cash', 'Cash', '', 'NON_CREDIT_CARD', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:31.779647+00');
INSERT INTO public.record VALUES (2, 'account', '1', 'Leverandørgjeld', 'Leverandørgjeld', '2400', 'Accounts Payable', 'AccountsPayable', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '13', 'Inventar', 'Inventar', '1250', 'Fixed Asset', 'FurnitureAndFixtures', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '17', 'Merverdiavgift', 'Merverdiavgift', '2740', 'Other Current Liability', 'GlobalTaxPayable', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '30', 'Materialkjøp', 'Materialkjøp', '4000', 'Cost of Goods Sold', 'SuppliesMaterialsCogs', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '31', 'Trelast', 'Trelast', '4010', 'Cost of Goods Sold', 'SuppliesMaterialsCogs', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '32', 'Betong og mur', 'Betong og mur', '4020', 'Cost of Goods Sold', 'SuppliesMaterialsCogs', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '33', 'Elektro', 'Elektro', '4030', 'Cost of Goods Sold', 'SuppliesMaterialsCogs', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '37', 'Underentreprenører', 'Underentreprenører', '4500', 'Cost of Goods Sold', 'CostOfLaborCos', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '46', 'Strøm', 'Strøm', '6340', 'Expense', 'Utilities', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '52', 'Drivstoff', 'Drivstoff', '7000', 'Expense', 'Auto', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '54', 'Reisekostnader', 'Reisekostnader', '7140', 'Expense', 'Travel', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'account', '64', 'Leverandørgjeld - EUR', 'Leverandørgjeld - EUR', '', 'Accounts Payable', 'AccountsPayable', NULL, true, 'EUR', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.216141+00');
INSERT INTO public.record VALUES (2, 'vendor', '1', 'Aas Trelast AS', 'Aas Trelast AS', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '4', 'Bygg & Bolig Proff', 'Bygg & Bolig Proff', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '6', 'Elektro Vest AS', 'Elektro Vest AS', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '8', 'Fjordkraft Maskin', 'Fjordkraft Maskin', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '9', 'Franzefoss Deponi', 'Franzefoss Deponi', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '16', 'Jøtul Ventilasjon', 'Jøtul Ventilasjon', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '34', 'Ørland Transport', 'Ørland Transport', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'vendor', '37', 'Hamburg Hebetechnik GmbH', 'Hamburg Hebetechnik GmbH', '', '', '', NULL, true, 'EUR', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.383636+00');
INSERT INTO public.record VALUES (2, 'customer', '41', 'Bjerke Borettslag', 'Bjerke Borettslag', '', '', '', NULL, true, 'NOK', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.491596+00');
INSERT INTO public.record VALUES (2, 'customer', '42', 'Fasade blokk A', 'Bjerke Borettslag:Fasade blokk A', '', '', '', '41', true, 'NOK', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:45.491596+00');
INSERT INTO public.record VALUES (2, 'customer', '45', 'Kjøkken og bad', 'Dahl, Ingrid:Kjøkken og bad', '', '', '', '44', true, 'NOK', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:45.491596+00');
INSERT INTO public.record VALUES (2, 'customer', '50', 'Hyttefelt trinn 1', 'Fjellheim Hytter AS:Hyttefelt trinn 1', '', '', '', '49', true, 'NOK', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:45.491596+00');
INSERT INTO public.record VALUES (2, 'customer', '59', 'Nye lokaler', 'Larsen Tannklinikk:Nye lokaler', '', '', '', '58', true, 'NOK', '', '', '{"job": true, "project": true, "sync_token": "0"}', '2026-11-21 15:37:45.491596+00');
INSERT INTO public.record VALUES (2, 'item', '1', 'Timer', 'Timer', '', 'Service', '', NULL, true, '', '', '', '{"income_account": "27", "expense_account": "37", "sync_token": "0"}', '2026-11-21 15:37:45.599553+00');
INSERT INTO public.record VALUES (2, 'class', '5000000000000000001', 'Nybygg', 'Nybygg', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.673114+00');
INSERT INTO public.record VALUES (2, 'class', '5000000000000000002', 'Rehabilitering', 'Rehabilitering', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.673114+00');
INSERT INTO public.record VALUES (2, 'class', '5000000000000000003', 'Service', 'Service', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.673114+00');
INSERT INTO public.record VALUES (2, 'class', '5000000000000000004', 'Anlegg', 'Anlegg', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.673114+00');
INSERT INTO public.record VALUES (2, 'location', '1', 'Oslo', 'Oslo', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.765563+00');
INSERT INTO public.record VALUES (2, 'location', '2', 'Bergen', 'Bergen', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.765563+00');
INSERT INTO public.record VALUES (2, 'location', '3', 'Trondheim', 'Trondheim', '', '', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:45.765563+00');
INSERT INTO public.record VALUES (2, 'tax_rate', '1', 'Inngående mva 25 %', 'Inngående mva 25 %', '', '', '', NULL, true, '', '', '25', '{"description": "Inng\u00e5ende mva 25 %", "sync_token": "0"}', '2026-11-21 15:37:45.855614+00');
INSERT INTO public.record VALUES (2, 'tax_rate', '3', 'Inngående mva 15 %', 'Inngående mva 15 %', '', '', '', NULL, true, '', '', '15', '{"description": "Inng\u00e5ende mva 15 %", "sync_token": "0"}', '2026-11-21 15:37:45.855614+00');
INSERT INTO public.record VALUES (2, 'tax_rate', '7', 'Uten mva (kjøp)', 'Uten mva (kjøp)', '', '', '', NULL, true, '', '', '0', '{"description": "Uten mva (kj\u00f8p)", "sync_token": "0"}', '2026-11-21 15:37:45.855614+00');
INSERT INTO public.record VALUES (2, 'tax_code', '5', '25 % mva', '25 % mva', '', '', '', NULL, true, '', '', '25', '{"description": "25 % mva", "use": "both", "rates": {"purchase": ["1"], "sales": ["2"]}, "sync_token": "0"}', '2026-11-21 15:37:45.951227+00');
INSERT INTO public.record VALUES (2, 'tax_code', '6', '15 % mva', '15 % mva', '', '', '', NULL, true, '', '', '15', '{"description": "15 % mva", "use": "both", "rates": {"purchase": ["3"], "sales": ["4"]}, "sync_token": "0"}', '2026-11-21 15:37:45.951227+00');
INSERT INTO public.record VALUES (2, 'tax_code', '8', 'Uten mva', 'Uten mva', '', '', '', NULL, true, '', '', '0', '{"description": "Uten mva", "use": "both", "rates": {"purchase": ["7"], "sales": ["8"]}, "sync_token": "0"}', '2026-11-21 15:37:45.951227+00');
INSERT INTO public.record VALUES (2, 'term', '1', 'Ved mottak', 'Ved mottak', '', 'STANDARD', '', NULL, true, '', '', '', '{"due_days": "0", "sync_token": "0"}', '2026-11-21 15:37:46.057701+00');
INSERT INTO public.record VALUES (2, 'payment_method', '1', 'Bank', 'Bank', '', 'NON_CREDIT_CARD', '', NULL, true, '', '', '', '{"sync_token": "0"}', '2026-11-21 15:37:46.125592+00');
INSERT INTO public.record VALUES (1, 'item', '13', '820412-001 Rev B', '820412-001 Rev B', '820412-001', 'Inventory', '', NULL, true, '', '', '', '{"description": "Bracket, port", "income_account": "106", "expense_account": "80", "asset_account": "81", "stock_since": "2026-10-22", "sync_token": "0"}', '2026-11-21 15:45:42.707784+00');

INSERT INTO public.role VALUES (1, 'owner', NULL, NULL, '2026-11-21 15:37:01.935042');
INSERT INTO public.role VALUES (2, 'operator', NULL, NULL, '2026-11-21 15:37:09.657494');

INSERT INTO public.roles_users VALUES (1, 1);
INSERT INTO public.roles_users VALUES (2, 2);

INSERT INTO public.run VALUES (5, NULL, NULL, 'sync', 1, 2, 'root (command line)', '2026-11-21 15:45:40.758228+00', NULL, '', '', 'wait', 15, 179, '{}');
INSERT INTO public.run VALUES (1, NULL, NULL, 'sync', 2, 1, 'root (command line)', '2026-11-21 15:39:18.633767+00', '2026-11-21 15:39:29.715732+00', 'done', '', '', 0, 0, '{"collected": {"new": 17, "pending": 1, "held": 2, "documents": 20}, "requests": {"writes": 20, "reads": 4}, "documents": 19, "posted": 17, "held": 2, "review": 0, "waiting": 0, "unknown": 0, "skipped": 0, "withdrawn": 0, "files": {}}');
INSERT INTO public.run VALUES (2, NULL, NULL, 'sync', 1, 2, 'root (command line)', '2026-11-21 15:39:29.824536+00', '2026-11-21 15:39:34.227662+00', 'done', '', '', 0, 0, '{"collected": {"new": 3, "held": 1, "documents": 28, "none": 24}, "requests": {"writes": 0, "reads": 0}, "documents": 4, "posted": 0, "held": 1, "review": 3, "waiting": 0, "unknown": 0, "skipped": 0, "withdrawn": 0, "files": {}}');
INSERT INTO public.run VALUES (3, NULL, NULL, 'sync', 2, 1, 'root (command line)', '2026-11-21 15:43:11.112506+00', '2026-11-21 15:43:16.418883+00', 'done', '', '', 0, 0, '{"collected": {"pending": 1, "held": 1, "documents": 2}, "requests": {"writes": 1, "reads": 1}, "documents": 19, "posted": 16, "held": 1, "review": 0, "waiting": 0, "unknown": 0, "skipped": 1, "withdrawn": 1, "files": {}}');
INSERT INTO public.run VALUES (4, NULL, NULL, 'reconcile', 2, NULL, 'root (command line)', '2026-11-21 15:43:57.492077+00', '2026-11-21 15:43:59.775731+00', 'done', '', '', 16, 17, '{"proved_at": "2026-11-21T15:43:59+00:00", "documents": 16, "found": 15, "under_way": 0, "accepted": 0, "troubles": 1, "totals": [{"app": "costtracker", "kind": "bill", "period": "2026-09", "currency": "NOK", "documents": 1, "differing": 0, "source": "48118.00", "posted": "48118.00", "quickbooks": "48118.00", "difference": "0.00", "apart": "0.00", "open": "0.00"}, {"app": "costtracker", "kind": "bill", "period": "2026-10", "currency": "EUR", "documents": 1, "differing": 0, "source": "29863.80", "posted": "29863.80", "quickbooks": "29863.80", "difference": "0.00", "apart": "0.00", "open": "0.00"}, {"app": "costtracker", "kind": "bill", "period": "2026-10", "currency": "NOK", "documents": 10, "differing": 1, "source": "651930.62", "posted": "651930.62", "quickbooks": "559030.42", "difference": "-92900.20", "apart": "92900.20", "open": "92900.20"}, {"app": "costtracker", "kind": "bill", "period": "2026-11", "currency": "NOK", "documents": 3, "differing": 0, "source": "193022.50", "posted": "193022.50", "quickbooks": "193022.50", "difference": "0.00", "apart": "0.00", "open": "0.00"}, {"app": "costtracker", "kind": "vendor_credit", "period": "2026-10", "currency": "NOK", "documents": 1, "differing": 0, "source": "-57106.75", "posted": "-57106.75", "quickbooks": "-57106.75", "difference": "0.00", "apart": "0.00", "open": "0.00"}], "wrong": [{"posting": 16, "document": "Bill 26A-48113 of \u00d8rland Transport", "why": "missing", "reason": "Bill 26A-48113 of \u00d8rland Transport was posted as transaction 6, which is no longer there.", "accepted": false}], "strangers": [], "apart": [], "requests": {"writes": 0, "reads": 4}}');

INSERT INTO public.run_line VALUES (1, 1, '2026-11-21 15:39:21.521195+00', 'info', 'Collected: 17 new, 1 pending, 2 held, 20 documents.');
INSERT INTO public.run_line VALUES (2, 1, '2026-11-21 15:39:26.58369+00', 'info', 'Posted: 20 posted.');
INSERT INTO public.run_line VALUES (3, 1, '2026-11-21 15:39:29.696635+00', 'info', 'Reported back: 19.');
INSERT INTO public.run_line VALUES (4, 2, '2026-11-21 15:39:32.668023+00', 'info', 'Collected: 3 new, 1 held, 28 documents, 24 none.');
INSERT INTO public.run_line VALUES (5, 3, '2026-11-21 15:43:13.875569+00', 'info', 'Collected: 1 pending, 1 held, 2 documents.');
INSERT INTO public.run_line VALUES (6, 3, '2026-11-21 15:43:16.127667+00', 'info', 'Posted: 1 posted.');
INSERT INTO public.run_line VALUES (7, 4, '2026-11-21 15:43:59.740125+00', 'warning', '15 of 16 documents stand in QuickBooks, difference EUR 0.00 and NOK 92,900.20, 1 to look at.');
INSERT INTO public.run_line VALUES (8, 5, '2026-11-21 15:45:41.795712+00', 'info', 'Collected: 1 held, 1 documents.');

INSERT INTO public.secret VALUES ('company:1:refresh', '\x01026b310748fa2d2272bc07bdf4fa5748723fba837a17db9f264383929012e95dc8d51bcdb67e853e89ccb75a8b2b5beb9b880d82e1b9e7dcdbc877c069d1450573f2466e59c3ef991310ebdf937cdadcf5');
INSERT INTO public.secret VALUES ('company:1:access', '\x01026b3165676fa735c0207e5175de04e6cbb45b27879ad08935cb5b6c2887d620b23178bc72a1c47c0f42ecd58d37eb491e571b8ee55e19deb017623e1f982d906b0546b310c5649440ab14e3585a1b84a71ec59e2917e5103cf949ea033df526d25cd83582f4cd0e898869eee62222017c74b384646734659d51025952f9deb735ba1015905dcd3b899678c75250681a8d097ce1cb9a2e1fef3d6c9b6ecbe4c1193a5002f9fffe4d54a45b14a0d7e99f7bff6ef7a44d8a1aa4c0fde7e34c04f556b6f5a4074cf0a2ecdf344aa5b20afc3aa42763de3f65f9546037c455a46074a7199f998005996410dda269e8011a5c6056abf50aa15d982edc12572bb4917b7237a7ff937598aecc33c597b87138acbfa3e268fad116a56ed4919655052f68d245f72777c00ec46bd2075618411ee47bef2f61429f217f7987a81fa5f76fdef1e7c283d5e637c83d59f9be357405343ae83612f12d416a255b21f0ae32964c8b7d776f8f1bf27b73d504479cef2f857ada63d28c0ef9995634ea7636a371979e26b34b8343430ba93cc9fe0496ea5694d558e2b02e7849a61b757227f61d0dd964bc7930ac7c4559f96636bee2f796e3ee69a9d15200e7b6701a7c2a5d67b3ed02ebccdf5f259f1c4a7db9c5');
INSERT INTO public.secret VALUES ('company:2:refresh', '\x01026b312ed44c162114a24459f8ea4c143afa620d8baca9301e8c0d8e5d61026ef0d6a70f13903a4d62f6ec25e60fd4e0d5adcd5bcae42dd15d92437d9aba21110928df7149ba69fcc15247db47c84ff35e');
INSERT INTO public.secret VALUES ('company:2:access', '\x01026b31fa4d3593a6afa5648ede159dcc12de8ec160c58c480e505097d791f016a9cf8eef74fd89d99597091a7e8ac822c2099a88562c182a6a6a968d8428e8bb7e5860923b58a6b8edb07fd96d3b3be2771c5d8df7615390f78c8028c061963a2c4e9c9987ebdfe18af00f8ac37106c7674b4d30fe2e43144fe4bb7516a05586b09e251c346eb6a2f6fb6ecf9cf145a8427fb384c6da683f888bbdf248ceffc8f738e4edcea5ae5ffe964096f59f1ce2cca1ced4a56a01efaef16541cbbe72e718ddec3c381ee2760b335b7886fd59de956d000b74129db606686c1f6bc46ade1fdf6556de26365014a28ae654f61079d775afd9cb8ee580ecca99ecaf61a95b19e499b8eb0c65e5c957535391aa7441f4bfc27320bd4b83f351546a375b8c32d70bac0211a2e5024cf4892d0c4d55acad91551332145684f9a0eded3da346e0ee72af2fb966b1e866df0ee899a1402d7872301ccca71a4a4ba41a23f12a47620458508fd9efd705cb0f712ad4f115cda0c48f4d8c0a51a56d6619e962f0580f672c2be73ee4f7e1b9b5541dd3d25f1b4fb20181a2df25384c67006ae27ee03c9baad809b02fce2c9086e8c1dcaecc7202e52c12c9445cd68eb56e5f85d3b9c9bdcfb6deea81111f0cb4595f09');
INSERT INTO public.secret VALUES ('installation:1:client_secret', '\x01026b314467e67001ac6a830e930c5d3bb590f80efc397604d65467f6421b84313da06120039840a5cdc0fec309cf5d2f95a706');
INSERT INTO public.secret VALUES ('installation:1:webhook_secret', '\x01026b3184c7560ba78e5e3d34b68745d5df612daae4348d39c147f54140d89e4e8be1baafa994b2e83c73775fcc5bc98b5b46b462');
INSERT INTO public.secret VALUES ('installation:1:access_token', '\x01026b318f6fc516d1f82f2a3110eaa6b610ae511c4650b29873bd885d15b743e3f8eeac1b4cfbf65f9cab23a63bf9761cd6e3c2459131263d7bd99a62f96c5105117126654cf1f38f3a54465350eecc3933d8e9544df3fb05f64c67');
INSERT INTO public.secret VALUES ('installation:1:pushed supplier', '\x01026b314742bab12a67e98cb1855acb363b1602eb076094c3ca85a1c50ca0e9bfff45');
INSERT INTO public.secret VALUES ('installation:1:pushed account', '\x01026b31e45f642e073a120d674e17e064697723c3ef00c96c2d847c47af403eb34b45');
INSERT INTO public.secret VALUES ('installation:1:pushed tax_code', '\x01026b3144a0a7fe98c28790257866124122dee9f5baaabee61b2d52b86c06d3bda7ff');
INSERT INTO public.secret VALUES ('installation:1:pushed location', '\x01026b31572319a79527fe332f59af74af9dc482b3de70eb04f64b1c4a758c7f0ad276');
INSERT INTO public.secret VALUES ('installation:1:pushed class', '\x01026b3124a5ae4b0ee498e6aea57c57d70fd95282b9ae35d17c7bfabe3abac094f51a');
INSERT INTO public.secret VALUES ('installation:1:pushed customer', '\x01026b31d3fcf6efadeac8fe04bdf6fd27c17f83421585e83cdf28365897d77544825c');
INSERT INTO public.secret VALUES ('installation:2:client_secret', '\x01026b314630a2b7ab726a07e89df1329d8d72f5802740067228ef6a6c0e344d1d4840d28608856b7cfad34b023110d1a29e13f7');
INSERT INTO public.secret VALUES ('installation:2:webhook_secret', '\x01026b315c3c7d2077d5bdcc5f9c0c788ca3416a5958cbc86600f453f4b429086ff6a2413c807623c497f1bd5eb4a5d5ba8d9cf0430eb82f718f74a897f372b399ef9dcbe830995abf1bb13a9dc3649ad88a3510cc2e4b99cb319a1cddcd0dcd');
INSERT INTO public.secret VALUES ('installation:2:access_token', '\x01026b31b40f5aad1601d46ff4f4bb2de880ff5ebb08ba9324fbb51b57c617aa7fa83a02923c8957619a9fcf5668371a40886eaf4ea2f7e79c9fbdb87418d07b6f37c9e6f24d4324f0013cb2b1efec94e0976d1c5de5cf1ab9bc9e85');

INSERT INTO public.seen_code VALUES (1, 1, 'account', '30', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (3, 1, 'account', '32', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (6, 1, 'account', '46', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (7, 1, 'account', '48', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (8, 1, 'account', '52', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (9, 1, 'account', '54', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (12, 1, 'class', '5000000000000000003', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (13, 1, 'class', '5000000000000000004', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (14, 1, 'customer', '42', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (15, 1, 'customer', '45', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (17, 1, 'customer', '50', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (18, 1, 'customer', '59', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (21, 1, 'location', '3', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (22, 1, 'supplier', 's1', 'Aas Trelast AS', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (23, 1, 'supplier', 's10', 'Haugen Stillas', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (24, 1, 'supplier', 's11', 'Jøtul Ventilasjon', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (25, 1, 'supplier', 's13', 'Mur & Puss Oslo', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (26, 1, 'supplier', 's14', 'Sandnes Stål', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (27, 1, 'supplier', 's15', 'Telefonselskapet', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (29, 1, 'supplier', 's17', 'Ørland Transport', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (30, 1, 'supplier', 's18', 'Ålesund Asfalt', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (31, 1, 'supplier', 's2', 'Betong Øst AS', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (32, 1, 'supplier', 's21', 'Hamburg Hebetechnik GmbH', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (33, 1, 'supplier', 's29', 'Helt Ny Leverandør ENK', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (34, 1, 'supplier', 's3', 'Brødrene Dahle Rør', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (35, 1, 'supplier', 's4', 'Bygg & Bolig Proff', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (36, 1, 'supplier', 's5', 'Elektro Vest AS', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (37, 1, 'supplier', 's6', 'Fjordkraft Maskin', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (38, 1, 'supplier', 's7', 'Franzefoss Deponi', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (40, 1, 'supplier', 's9', 'Hansen "Malern" Maleri', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (41, 1, 'tax_code', '5', '', '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.seen_code VALUES (46, 2, 'expense_code', '6400', '6400', '6400', '2026-11-21 15:39:30.817525+00');
INSERT INTO public.seen_code VALUES (2, 1, 'account', '31', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (4, 1, 'account', '37', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (5, 1, 'account', '45', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (10, 1, 'class', '5000000000000000001', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (11, 1, 'class', '5000000000000000002', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (16, 1, 'customer', '47', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (19, 1, 'location', '1', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (20, 1, 'location', '2', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (28, 1, 'supplier', 's16', 'Ulvik Vinduer', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (39, 1, 'supplier', 's8', 'Gravco Entreprenør AS', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (42, 1, 'tax_code', '6', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (43, 1, 'tax_code', '8', '', '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.seen_code VALUES (44, 2, 'class', 'Service', '', '', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.seen_code VALUES (45, 2, 'expense_code', '6300', '6300', '6300', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.seen_code VALUES (47, 2, 'fee', 'Freight', 'Freight', '', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.seen_code VALUES (48, 2, 'fee', 'Rebate', 'Rebate', '', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.seen_code VALUES (49, 2, 'part', 'part:1', '820412-001 Rev B', '820412-001', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.seen_code VALUES (50, 2, 'supplier', '1', 'Canyon Steel Works', '', '2026-11-21 15:45:41.520691+00');

INSERT INTO public.source_document VALUES (8, 1, 2, 'costtracker', 'ct-70115', 'invoice:1008', 'JTXBYNCXHT5H', 'bill', 'pending', '26B-48055', 'Gravco Entreprenør AS', '2026-10-19', 'NOK', 56400680000, '{"kind": "bill", "source_id": "invoice:1008", "version": "1", "stage": "pending", "hold": "Invoice 26B-48055 waits: it was not yet sent for approval in CostTracker.", "date": "2026-10-19", "due": "2026-11-02", "number": "26B-48055", "memo": "Reference: Prosjekt 33 / Kari", "currency": "NOK", "codes": {"supplier": {"id": "s8", "name": "Gravco Entrepren\u00f8r AS", "quickbooks_id": "10"}, "payable_account": "1"}, "lines": [{"id": "1008-1", "amount": "24707.2", "description": "PO 2026-0433 \u00b7 Kranleie uke 35", "codes": {"account": "37", "tax_code": "6", "location": "2", "class": "5000000000000000001", "customer": "47"}, "tax": "3706.08", "billable": false, "facts": {"Order": "2026-0433", "Order line": "1", "Ordered": "19", "Received": "10"}}, {"id": "1008-2", "amount": "27987.4", "description": "PO 2026-0732 \u00b7 Stillas", "codes": {"account": "31", "tax_code": "8", "location": "2", "class": "5000000000000000002", "customer": "47"}, "tax": "0.0", "billable": false, "facts": {"Order": "2026-0732", "Order line": "2", "Ordered": "29", "Received": "19"}}], "total": "56400.68", "tax_total": "3706.08", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Orders": "2026-0433, 2026-0732", "Organisation number": "910888888"}}', '', NULL, false, '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.source_document VALUES (16, 1, 2, 'costtracker', 'ct-70115', 'invoice:1016', 'Y7LQJU54HUKU', 'bill', 'ready', '26B-48105', 'Ulvik Vinduer', '2026-10-03', 'NOK', 7174200000, '{"kind": "bill", "source_id": "invoice:1016", "version": "1", "stage": "ready", "date": "2026-10-03", "due": "2026-10-17", "number": "26B-48105", "memo": "Reference: Prosjekt 26 / Kari", "currency": "NOK", "codes": {"supplier": {"id": "s16", "name": "Ulvik Vinduer", "quickbooks_id": "31"}, "payable_account": "1"}, "lines": [{"id": "1016-1", "amount": "6694.2", "description": "PO 2026-0628 \u00b7 Str\u00f8m brakkerigg", "codes": {"account": "45", "tax_code": "8", "location": "1", "class": "5000000000000000001"}, "tax": "0.0", "billable": false, "facts": {"Order": "2026-0628", "Order line": "1", "Ordered": "24", "Received": "18"}}, {"id": "1016-b", "amount": "480.0", "description": "Str\u00f8m brakkerigg", "codes": {"account": "45", "tax_code": "8", "location": "2", "class": "5000000000000000001"}, "tax": "0.0", "billable": false}], "total": "7174.2", "tax_total": "0.0", "tax_mode": "exclusive", "tolerance": "0", "attachments": [{"id": "1016-f1", "name": "Faktura 26B-48105.pdf", "mime": "application/pdf", "size": 632, "sha256": "f45ec1c381ca2574f0b3257ff5fbfc764594455b0bf9c3043c05e2f0da85d5ca"}], "facts": {"Orders": "2026-0628, 2026-0509", "Approvals": "\u00c5se Lund (Accounting): approved 2026-11-21T14:51", "Organisation number": "911777776"}}', '', NULL, false, '', '2026-11-21 15:43:13.109864+00');
INSERT INTO public.source_document VALUES (1, 1, 2, 'costtracker', 'ct-70115', 'invoice:1001', '574GRMVIIP5R', 'bill', 'ready', '26K-48005', 'Aas Trelast AS', '2026-10-31', 'NOK', 47534750000, '{"kind": "bill", "source_id": "invoice:1001", "version": "1", "stage": "ready", "date": "2026-10-31", "due": "2026-11-30", "number": "26K-48005", "memo": "Reference: Prosjekt 32 / Ola", "currency": "NOK", "codes": {"supplier": {"id": "s1", "name": "Aas Trelast AS", "quickbooks_id": "1"}, "payable_account": "1"}, "lines": [{"id": "1001-1", "amount": "38027.8", "description": "Kranleie uke 6", "codes": {"account": "31", "tax_code": "5", "location": "1", "class": "5000000000000000002", "customer": "42"}, "tax": "9506.95", "billable": false}], "total": "47534.75", "tax_total": "9506.95", "tax_mode": "exclusive", "tolerance": "0", "attachments": [{"id": "1001-f1", "name": "Faktura 26K-48005.pdf", "mime": "application/pdf", "size": 632, "sha256": "42549f84f285d9e71c6c690a2e4e06e8e109c67378eaef4aeb9eb1f8682a6bec"}], "facts": {"Approvals": "\u00c5se Lund (Accounting): approved 2026-11-21T14:06", "Organisation number": "910111111"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (4, 1, 2, 'costtracker', 'ct-70115', 'invoice:1004', 'LCYKRWLT3N6H', 'vendor_credit', 'ready', '26B-48021', 'Bygg & Bolig Proff', '2026-10-07', 'NOK', 57106750000, '{"kind": "vendor_credit", "source_id": "invoice:1004", "version": "1", "stage": "ready", "date": "2026-10-07", "due": "2026-11-06", "number": "26B-48021", "memo": "Reference: Prosjekt 31 / Ingrid", "currency": "NOK", "codes": {"supplier": {"id": "s4", "name": "Bygg & Bolig Proff", "quickbooks_id": "4"}, "payable_account": "1"}, "lines": [{"id": "1004-1", "amount": "33476.4", "description": "PO 2026-0312 \u00b7 Rekvisita", "codes": {"account": "46", "tax_code": "5", "location": "1", "class": "5000000000000000001", "customer": "50"}, "tax": "8369.1", "billable": false, "facts": {"Order": "2026-0312", "Order line": "1", "Ordered": "38", "Received": "3"}}, {"id": "1004-2", "amount": "12209.0", "description": "PO 2026-0560 \u00b7 Verneutstyr", "codes": {"account": "46", "tax_code": "5", "location": "1", "class": "5000000000000000002", "customer": "50"}, "tax": "3052.25", "billable": false, "facts": {"Order": "2026-0560", "Order line": "2", "Ordered": "33", "Received": "17"}}], "total": "57106.75", "tax_total": "11421.35", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Orders": "2026-0312, 2026-0560", "Approvals": "Kari Nordmann: approved 2026-11-21T09:45; Ingrid \u00d8ver\u00e5s: approved 2026-11-21T10:30", "Organisation number": "910444444"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (5, 1, 2, 'costtracker', 'ct-70115', 'invoice:1005', 'CQYR2TR76X7G', 'bill', 'ready', '26M-48031', 'Elektro Vest AS', '2026-10-20', 'NOK', 14988000000, '{"kind": "bill", "source_id": "invoice:1005", "version": "1", "stage": "ready", "date": "2026-10-20", "due": "2026-11-03", "number": "26M-48031", "memo": "Reference: Prosjekt 23 / Ingrid", "currency": "NOK", "codes": {"supplier": {"id": "s5", "name": "Elektro Vest AS", "quickbooks_id": "6"}, "payable_account": "1"}, "lines": [{"id": "1005-1", "amount": "7893.2", "description": "Diesel", "codes": {"account": "46", "tax_code": "5", "location": "2", "class": "5000000000000000002", "customer": "59"}, "tax": "1973.3", "billable": false}, {"id": "1005-2", "amount": "4097.2", "description": "Trelast 48x198", "codes": {"account": "31", "tax_code": "5", "location": "2", "class": "5000000000000000003", "customer": "59"}, "tax": "1024.3", "billable": false}], "total": "14988.0", "tax_total": "2997.6", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Approvals": "\u00c5se Lund (Accounting): approved 2026-11-21T14:18", "Organisation number": "910555555"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (6, 1, 2, 'costtracker', 'ct-70115', 'invoice:1006', 'N2HLUZAT5LDN', 'bill', 'ready', '26B-48038', 'Fjordkraft Maskin', '2026-10-26', 'NOK', 72265000000, '{"kind": "bill", "source_id": "invoice:1006", "version": "1", "stage": "ready", "date": "2026-10-26", "due": "2026-11-09", "number": "26B-48038", "memo": "Reference: Prosjekt 20 / Kari", "currency": "NOK", "codes": {"supplier": {"id": "s6", "name": "Fjordkraft Maskin", "quickbooks_id": "8"}, "payable_account": "1"}, "lines": [{"id": "1006-1", "amount": "22594.6", "description": "PO 2026-0795 \u00b7 Diesel", "codes": {"account": "54", "tax_code": "5", "location": "3", "class": "5000000000000000003"}, "tax": "5648.65", "billable": false, "facts": {"Order": "2026-0795", "Order line": "1", "Ordered": "43", "Received": "43"}}, {"id": "1006-2", "amount": "35217.4", "description": "PO 2026-0795 \u00b7 Stillas", "codes": {"account": "37", "tax_code": "5", "location": "3", "class": "5000000000000000004", "customer": "42"}, "tax": "8804.35", "billable": false, "facts": {"Order": "2026-0795", "Order line": "2", "Ordered": "16", "Received": "16"}}], "total": "72265.0", "tax_total": "14453.0", "tax_mode": "exclusive", "tolerance": "0", "attachments": [{"id": "1006-f1", "name": "Faktura 26B-48038.pdf", "mime": "application/pdf", "size": 632, "sha256": "7acefc0e089c2f4bd1e33eeb296e575b78f3bf7f07c8b2cbd52284a671746094"}], "facts": {"Orders": "2026-0795", "Approvals": "Kari Nordmann: approved 2026-11-21T06:51; Ingrid \u00d8ver\u00e5s: approved 2026-11-21T07:36", "Organisation number": "910666666"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (23, 2, 1, 'ion', '4711', 'order:1003', 'FB6SGT4GA2D6', 'purchase_order', 'ready', '1003', 'Canyon Steel Works', '2026-11-21', 'USD', 59970000, '{"kind": "purchase_order", "source_id": "order:1003", "version": "c64bf427a177b7c531204e10cd17ee74", "stage": "ready", "date": "2026-11-21", "number": "1003", "memo": "ION purchase order 1003 (Custom), version 1", "currency": "USD", "codes": {"supplier": {"id": "1", "name": "Canyon Steel Works", "create": {"name": "Canyon Steel Works", "currency": "USD"}}, "payable_account": "33"}, "lines": [{"id": "line:4", "amount": "59.97", "quantity": "3", "unit_price": "19.99", "description": "Hoist, by the day", "codes": {"expense_code": {"id": "6400", "name": "6400", "number": "6400"}, "tax_code": ""}, "billable": false}], "total": "59.97", "tax_mode": "none", "tolerance": "0", "ship_to": {"name": "Orbital Works", "lines": ["3 Launch Road", "Hangar 3"], "city": "Mojave", "region": "CA", "postal_code": "93501", "country": "US"}, "facts": {"Status in ION": "Ordered"}}', '', NULL, false, '', '2026-11-21 15:39:30.817525+00');
INSERT INTO public.source_document VALUES (11, 1, 2, 'costtracker', 'ct-70115', 'invoice:1011', '3PIY3WLNJ5R2', 'bill', 'ready', '26M-48070', 'Jøtul Ventilasjon', '2026-10-24', 'NOK', 141397250000, '{"kind": "bill", "source_id": "invoice:1011", "version": "1", "stage": "ready", "date": "2026-10-24", "due": "2026-11-07", "number": "26M-48070", "memo": "Reference: Prosjekt 36 / Kari", "currency": "NOK", "codes": {"supplier": {"id": "s11", "name": "J\u00f8tul Ventilasjon", "quickbooks_id": "16"}, "payable_account": "1"}, "lines": [{"id": "1011-1", "amount": "32581.0", "description": "PO 2026-0717 \u00b7 Graving byggetrinn 39", "codes": {"account": "32", "tax_code": "5", "location": "2", "class": "5000000000000000004", "customer": "42"}, "tax": "8145.25", "billable": false, "facts": {"Order": "2026-0717", "Order line": "1", "Ordered": "37", "Received": "33"}}, {"id": "1011-2", "amount": "19812.6", "description": "Graving byggetrinn 47", "codes": {"account": "37", "tax_code": "5", "location": "2", "class": "5000000000000000001", "customer": "42"}, "tax": "4953.15", "billable": false}, {"id": "1011-3", "amount": "33791.2", "description": "Stillas", "codes": {"account": "30", "tax_code": "5", "location": "2", "class": "5000000000000000002", "customer": "42"}, "tax": "8447.8", "billable": false}, {"id": "1011-4", "amount": "26933.0", "description": "Trelast 48x198", "codes": {"account": "32", "tax_code": "5", "location": "2", "class": "5000000000000000003"}, "tax": "6733.25", "billable": false}], "total": "141397.25", "tax_total": "28279.45", "tax_mode": "exclusive", "tolerance": "0", "attachments": [{"id": "1011-f1", "name": "Faktura 26M-48070.pdf", "mime": "application/pdf", "size": 632, "sha256": "ff1b7acfe5a8c22c80e318d05e872a13949ccfcd59b5835c012b2eefd4f4f1b7"}], "facts": {"Orders": "2026-0717", "Approvals": "Kari Nordmann: approved 2026-11-20T20:06; Ingrid \u00d8ver\u00e5s: approved 2026-11-20T20:51", "Organisation number": "911222221"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (12, 1, 2, 'costtracker', 'ct-70115', 'invoice:1012', 'SLYQ6BADDMIY', 'bill', 'ready', '26M-48079', 'Hamburg Hebetechnik GmbH', '2026-10-24', 'EUR', 29863800000, '{"kind": "bill", "source_id": "invoice:1012", "version": "1", "stage": "ready", "date": "2026-10-24", "due": "2026-11-07", "number": "26M-48079", "memo": "Reference: Prosjekt 25 / Ingrid", "currency": "EUR", "codes": {"supplier": {"id": "s21", "name": "Hamburg Hebetechnik GmbH", "quickbooks_id": "37"}, "payable_account": "1"}, "lines": [{"id": "1012-1", "amount": "29271.0", "description": "PO 2026-0557 \u00b7 Kranleie uke 34", "codes": {"account": "31", "tax_code": "8", "location": "3", "class": "5000000000000000001"}, "tax": "0.0", "billable": false, "facts": {"Order": "2026-0557", "Order line": "1", "Ordered": "47", "Received": "3"}}, {"id": "1012-2", "amount": "592.8", "description": "PO 2026-0466 \u00b7 Graving byggetrinn 19", "codes": {"account": "31", "tax_code": "8", "location": "3", "class": "5000000000000000002"}, "tax": "0.0", "billable": false, "facts": {"Order": "2026-0466", "Order line": "2", "Ordered": "30", "Received": "25"}}], "total": "29863.8", "tax_total": "0.0", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Orders": "2026-0557, 2026-0466", "Approvals": "\u00c5se Lund (Accounting): approved 2026-11-21T14:39", "Organisation number": "912333331"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (17, 1, 2, 'costtracker', 'ct-70115', 'invoice:1017', 'RCTQR7BJYF5L', 'bill', 'ready', '26A-48113', 'Ørland Transport', '2026-10-13', 'NOK', 92900200000, '{"kind": "bill", "source_id": "invoice:1017", "version": "1", "stage": "ready", "date": "2026-10-13", "due": "2026-11-12", "number": "26A-48113", "memo": "Reference: Prosjekt 36 / Kari", "currency": "NOK", "codes": {"supplier": {"id": "s17", "name": "\u00d8rland Transport", "quickbooks_id": "34"}, "payable_account": "1"}, "lines": [{"id": "1017-1", "amount": "39734.4", "description": "Rekvisita", "codes": {"account": "46", "tax_code": "5", "location": "2", "class": "5000000000000000002", "customer": "45"}, "tax": "9933.6", "billable": false}, {"id": "1017-2", "amount": "16756.0", "description": "Kranleie uke 13", "codes": {"account": "32", "tax_code": "6", "location": "2", "class": "5000000000000000003", "customer": "45"}, "tax": "2513.4", "billable": false}, {"id": "1017-3", "amount": "23962.8", "description": "Betong C35", "codes": {"account": "37", "tax_code": "8", "location": "2", "class": "5000000000000000004"}, "tax": "0.0", "billable": false}], "total": "92900.2", "tax_total": "12447.0", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Approvals": "Kari Nordmann: approved 2026-11-19T06:24; Ingrid \u00d8ver\u00e5s: approved 2026-11-19T07:09", "Organisation number": "911888887"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (19, 1, 2, 'costtracker', 'ct-70115', 'invoice:1019', '52LK5WI5W66T', 'bill', 'ready', '26M-48127', 'Aas Trelast AS', '2026-11-15', 'NOK', 127869320000, '{"kind": "bill", "source_id": "invoice:1019", "version": "1", "stage": "ready", "date": "2026-11-15", "due": "2026-12-15", "number": "26M-48127", "memo": "Reference: Prosjekt 23 / Ola", "currency": "NOK", "codes": {"supplier": {"id": "s1", "name": "Aas Trelast AS", "quickbooks_id": "1"}, "payable_account": "1"}, "lines": [{"id": "1019-1", "amount": "27042.6", "description": "PO 2026-0402 \u00b7 Husleie lager", "codes": {"account": "52", "tax_code": "5", "location": "1", "class": "5000000000000000004", "customer": "50"}, "tax": "6760.65", "billable": false, "facts": {"Order": "2026-0402", "Order line": "1", "Ordered": "13", "Received": "9"}}, {"id": "1019-2", "amount": "23584.4", "description": "Betong C35", "codes": {"account": "31", "tax_code": "8", "location": "1", "class": "5000000000000000001"}, "tax": "0.0", "billable": false}, {"id": "1019-3", "amount": "23815.8", "description": "Betong C35", "codes": {"account": "32", "tax_code": "6", "location": "1", "class": "5000000000000000002", "customer": "50"}, "tax": "3572.37", "billable": false}, {"id": "1019-4", "amount": "34474.8", "description": "Trelast 48x198", "codes": {"account": "32", "tax_code": "5", "location": "1", "class": "5000000000000000003", "customer": "50"}, "tax": "8618.7", "billable": false}], "total": "127869.32", "tax_total": "18951.72", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Orders": "2026-0402", "Approvals": "\u00c5se Lund (Accounting): approved 2026-11-21T15:00", "Organisation number": "910111111"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (20, 1, 2, 'costtracker', 'ct-70115', 'invoice:1020', '6NSEVNKNBK3F', 'bill', 'ready', '26M-48137', 'Helt Ny Leverandør ENK', '2026-10-07', 'NOK', 63960390000, '{"kind": "bill", "source_id": "invoice:1020", "version": "1", "stage": "ready", "date": "2026-10-07", "due": "2026-11-06", "number": "26M-48137", "memo": "Reference: Prosjekt 36 / Ingrid", "currency": "NOK", "codes": {"supplier": {"id": "s29", "name": "Helt Ny Leverand\u00f8r ENK"}, "payable_account": "1"}, "lines": [{"id": "1020-1", "amount": "6415.6", "description": "PO 2026-0301 \u00b7 Kranleie uke 18", "codes": {"account": "37", "tax_code": "6", "location": "2", "class": "5000000000000000001"}, "tax": "962.34", "billable": false, "facts": {"Order": "2026-0301", "Order line": "1", "Ordered": "28", "Received": "20"}}, {"id": "1020-2", "amount": "2226.2", "description": "PO 2026-0305 \u00b7 Verneutstyr", "codes": {"account": "45", "tax_code": "8", "location": "2", "class": "5000000000000000002", "customer": "59"}, "tax": "0.0", "billable": false, "facts": {"Order": "2026-0305", "Order line": "2", "Ordered": "46", "Received": "41"}}, {"id": "1020-3", "amount": "33272.0", "description": "Reise byggem\u00f8te 47", "codes": {"account": "54", "tax_code": "5", "location": "2", "class": "5000000000000000003", "customer": "59"}, "tax": "8318.0", "billable": false}, {"id": "1020-4", "amount": "10213.0", "description": "Husleie lager", "codes": {"account": "46", "tax_code": "5", "location": "2", "class": "5000000000000000004", "customer": "59"}, "tax": "2553.25", "billable": false}], "total": "63960.39", "tax_total": "11833.59", "tax_mode": "exclusive", "tolerance": "0", "facts": {"Orders": "2026-0301, 2026-0305", "Approvals": "Kari Nordmann: approved 2026-11-19T08:33; Ingrid \u00d8ver\u00e5s: approved 2026-11-19T09:18", "Organisation number": "913222219"}}', '', NULL, false, '', '2026-11-21 15:39:20.532758+00');
INSERT INTO public.source_document VALUES (22, 2, 1, 'ion', '4711', 'order:1002', 'ITVKL25AEVCJ', 'purchase_order', 'ready', '1002', 'Canyon Steel Works', '2026-11-21', 'USD', 371000000, '{"kind": "purchase_order", "source_id": "order:1002", "version": "b44bb9aed116033a012a1210865484fe", "stage": "ready", "date": "2026-11-21", "due": "2026-11-28", "number": "1002", "memo": "ION purchase order 1002 (Custom), version 1", "currency": "USD", "codes": {"supplier": {"id": "1", "name": "Canyon Steel Works", "create": {"name": "Canyon Steel Works", "currency": "USD"}}, "payable_account": "33"}, "lines": [{"id": "line:2", "amount": "31.00", "quantity": "2.5", "unit_price": "12.40", "description": "Port side", "codes": {"part": {"id": "part:1", "name": "820412-001 Rev B", "number": "820412-001", "create": {"name": "820412-001 Rev B", "type": "inventory", "sku": "820412-001", "description": "Bracket, port", "cost": "88.25", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}}, "class": "Service", "tax_code": ""}, "billable": false, "facts": {"Needed": "2026-12-12"}}, {"id": "line:3", "amount": "310.00", "quantity": "1", "unit_price": "310.00", "description": "Crating", "codes": {"expense_code": {"id": "6300", "name": "6300", "number": "6300"}, "class": "Service", "tax_code": ""}, "billable": false, "facts": {"Needed": "2026-11-28"}}, {"id": "fee:1", "amount": "45.00", "description": "Freight", "codes": {"fee": {"id": "Freight", "name": "Freight"}}, "billable": false}, {"id": "fee:2", "amount": "-15.00", "description": "Rebate", "codes": {"fee": {"id": "Rebate", "name": "Rebate"}}, "billable": false}], "total": "371.00", "tax_mode": "none", "tolerance": "0", "ship_to": {"name": "Orbital Works", "lines": ["3 Launch Road", "Hangar 3"], "city": "Mojave", "region": "CA", "postal_code": "93501", "country": "US"}, "facts": {"Status in ION": "Ordered", "Terms": "Net 30", "Notes": "Deliver before noon"}}', '', NULL, false, '', '2026-11-21 15:45:41.520691+00');
INSERT INTO public.source_document VALUES (21, 2, 1, 'ion', '4711', 'order:1001', 'OBMPXCOTKMZX', 'purchase_order', 'ready', '1001', 'Canyon Steel Works', '2026-11-21', 'USD', 102000000, '{"kind": "purchase_order", "source_id": "order:1001", "version": "080800b8e785e7b4dbae57a43536f3f2", "stage": "ready", "date": "2026-11-21", "due": "2026-12-05", "number": "1001", "memo": "ION purchase order 1001 (Custom), version 1", "currency": "USD", "codes": {"supplier": {"id": "1", "name": "Canyon Steel Works", "create": {"name": "Canyon Steel Works", "currency": "USD"}}, "payable_account": "33"}, "lines": [{"id": "line:1", "amount": "102.00", "quantity": "4", "unit_price": "25.50", "description": "Bracket, port", "codes": {"part": {"id": "part:1", "name": "820412-001 Rev B", "number": "820412-001", "create": {"name": "820412-001 Rev B", "type": "inventory", "sku": "820412-001", "description": "Bracket, port", "cost": "88.25", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}}, "tax_code": ""}, "billable": false, "facts": {"Needed": "2026-12-05"}}], "total": "102.00", "tax_mode": "none", "tolerance": "0", "ship_to": {"name": "Orbital Works", "lines": ["3 Launch Road", "Hangar 3"], "city": "Mojave", "region": "CA", "postal_code": "93501", "country": "US"}, "facts": {"Status in ION": "Ordered"}}', '', NULL, false, '', '2026-11-21 15:39:30.817525+00');
INSERT INTO public.source_document VALUES (25, 2, 1, 'ion', '4711', 'part:1', 'B2SIBFT75JFR', 'item', 'update_only', '', '820412-001 Rev B', NULL, '', NULL, '{"kind": "item", "source_id": "part:1", "version": "1736b70896be4c9d4b9aefbe82f34816", "stage": "update_only", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}, "details": {"name": "820412-001 Rev B", "type": "inventory", "sku": "820412-001", "description": "Bracket, port", "cost": "88.25", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}, "tax_mode": "exclusive", "tolerance": "0", "facts": {"Part": "820412-001 Rev B", "Purchase type": "INVENTORY"}}', '', NULL, false, 'part', '2026-11-21 15:39:31.904353+00');
INSERT INTO public.source_document VALUES (24, 2, 1, 'ion', '4711', 'order:1004', 'CCMP2EFGHP2B', 'purchase_order', 'ready', '1004', 'Canyon Steel Works', '2026-11-21', 'USD', 75000000, '{"kind": "purchase_order", "source_id": "order:1004", "version": "b6d027c6be3dad341559a2a0650cb064", "stage": "ready", "date": "2026-11-21", "number": "1004", "memo": "ION purchase order 1004 (Custom), version 1", "currency": "USD", "codes": {"supplier": {"id": "1", "name": "Canyon Steel Works", "create": {"name": "Canyon Steel Works", "currency": "USD"}}, "payable_account": "33"}, "lines": [{"id": "line:5", "amount": "75.00", "quantity": "12", "unit_price": "6.25", "description": "GLOVES-M Rev A \u00b7 Nitrile gloves", "codes": {"expense_code": {"id": "6300", "name": "6300", "number": "6300"}, "tax_code": ""}, "billable": false}], "total": "75.00", "tax_mode": "none", "tolerance": "0", "ship_to": {"name": "Orbital Works", "lines": ["3 Launch Road", "Hangar 3"], "city": "Mojave", "region": "CA", "postal_code": "93501", "country": "US"}, "facts": {"Status in ION": "Ordered"}}', '', NULL, false, '', '2026-11-21 15:39:30.817525+00');
INSERT INTO public.source_document VALUES (26, 2, 1, 'ion', '4711', 'part:2', 'XSE2LENHZV3S', 'item', 'update_only', '', '820412-001 Rev BA', NULL, '', NULL, '{"kind": "item", "source_id": "part:2", "version": "b51d3f5e054c3c563f1dac145a36baa5", "stage": "update_only", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}, "details": {"name": "820412-001 Rev BA", "type": "inventory", "sku": "820412-001", "description": "Bracket, port, long", "cost": "25.07", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}, "tax_mode": "exclusive", "tolerance": "0", "facts": {"Part": "820412-001 Rev BA", "Purchase type": "INVENTORY"}}', '', NULL, false, '', '2026-11-21 15:39:31.904353+00');
INSERT INTO public.source_document VALUES (27, 2, 1, 'ion', '4711', 'part:3', 'RYI2M62TGZXF', 'item', 'update_only', '', '1820412-001 Rev B', NULL, '', NULL, '{"kind": "item", "source_id": "part:3", "version": "9b785a1cca873b122d4672b1f12b40bd", "stage": "update_only", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}, "details": {"name": "1820412-001 Rev B", "type": "inventory", "sku": "1820412-001", "description": "Bracket, starboard", "cost": "51.81", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}, "tax_mode": "exclusive", "tolerance": "0", "facts": {"Part": "1820412-001 Rev B", "Purchase type": "INVENTORY"}}', '', NULL, false, '', '2026-11-21 15:39:31.904353+00');
INSERT INTO public.source_document VALUES (28, 2, 1, 'ion', '4711', 'part:4', 'QTRPLBUMLHJX', 'item', 'update_only', '', 'AN-960-416-2 Rev A (4)', NULL, '', NULL, '{"kind": "item", "source_id": "part:4", "version": "abe831d09f09baa5f4116ff0af752705", "stage": "update_only", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}, "details": {"name": "AN-960-416-2 Rev A (4)", "type": "inventory", "sku": "AN:960\\416 2", "description": "Washer with a name that QuickBooks does not take", "cost": "17.18", "start": "2026-10-22", "codes": {"asset_account": "81", "expense_account": "80", "income_account": "106"}}, "tax_mode": "exclusive", "tolerance": "0", "facts": {"Part": "AN:960\\416\t2 Rev A", "Purchase type": "INVENTORY"}}', '', NULL, false, '', '2026-11-21 15:39:31.904353+00');

INSERT INTO public.token VALUES (1, '2026-11-21 16:37:30.376506+00', '2027-03-02 15:37:30.376506+00', '2031-11-20 15:36:12.376506+00', '2026-11-21 15:37:30.376506+00', NULL, '');
INSERT INTO public.token VALUES (2, '2026-11-21 16:37:44.736509+00', '2027-03-02 15:37:44.736509+00', '2031-11-20 15:36:12.736509+00', '2026-11-21 15:37:44.736509+00', NULL, '');

INSERT INTO public."user" VALUES (NULL, NULL, '$argon2id$v=19$m=65536,t=3,p=4$yfkfY+xdSykFAMDYe0+plQ$A8n2X622+LkUa+CCEKvNQH+Pb31S4HS8BUH9oI44mmQ', NULL, 'olga', NULL, 1, 'olga@hub.invalid', true, '809d9865fac81f77c6a755d9532c8cc1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 15:37:01.935042', '2026-11-21 15:37:01.935042');
INSERT INTO public."user" VALUES (NULL, NULL, '$argon2id$v=19$m=65536,t=3,p=4$W2tNiTGG8H5P6T3n3Pu/tw$WRk9U+wbpyIDpwMF9qgSpALgNL/1SBoJM1TiDloyXdc', NULL, 'oda', NULL, 2, 'oda@hub.invalid', true, '0a8d69e1df983c9cc19a960414a79383', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 15:37:09.657494', '2026-11-21 15:37:09.657494');

SELECT pg_catalog.setval('public.attempt_id_seq', 23, true);

SELECT pg_catalog.setval('public.audit_entry_id_seq', 13, true);

SELECT pg_catalog.setval('public.case_id_seq', 6, true);

SELECT pg_catalog.setval('public.company_id_seq', 2, true);

SELECT pg_catalog.setval('public.installation_id_seq', 2, true);

SELECT pg_catalog.setval('public.match_id_seq', 145, true);

SELECT pg_catalog.setval('public.posting_id_seq', 28, true);

SELECT pg_catalog.setval('public.proof_id_seq', 1, false);

SELECT pg_catalog.setval('public.receipt_row_id_seq', 21, true);

SELECT pg_catalog.setval('public.role_id_seq', 2, true);

SELECT pg_catalog.setval('public.run_id_seq', 5, true);

SELECT pg_catalog.setval('public.run_line_id_seq', 8, true);

SELECT pg_catalog.setval('public.schedule_id_seq', 1, false);

SELECT pg_catalog.setval('public.seen_code_id_seq', 68, true);

SELECT pg_catalog.setval('public.source_document_id_seq', 48, true);

SELECT pg_catalog.setval('public.user_id_seq', 2, true);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.access
    ADD CONSTRAINT pk_access PRIMARY KEY (slug, company_id);

ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT pk_attempt PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT pk_audit_entry PRIMARY KEY (id);

ALTER TABLE ONLY public."case"
    ADD CONSTRAINT pk_case PRIMARY KEY (id);

ALTER TABLE ONLY public.case_posting
    ADD CONSTRAINT pk_case_posting PRIMARY KEY (case_id, posting_id);

ALTER TABLE ONLY public.company
    ADD CONSTRAINT pk_company PRIMARY KEY (id);

ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT pk_cursor PRIMARY KEY (installation_id, stream);

ALTER TABLE ONLY public.head
    ADD CONSTRAINT pk_head PRIMARY KEY (company_id, kind, quickbooks_id);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT pk_installation PRIMARY KEY (id);

ALTER TABLE ONLY public.list_state
    ADD CONSTRAINT pk_list_state PRIMARY KEY (company_id, list);

ALTER TABLE ONLY public.match
    ADD CONSTRAINT pk_match PRIMARY KEY (id);

ALTER TABLE ONLY public.o_auth_state
    ADD CONSTRAINT pk_o_auth_state PRIMARY KEY (state);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT pk_posting PRIMARY KEY (id);

ALTER TABLE ONLY public.proof
    ADD CONSTRAINT pk_proof PRIMARY KEY (id);

ALTER TABLE ONLY public.read_day
    ADD CONSTRAINT pk_read_day PRIMARY KEY (company_id, day);

ALTER TABLE ONLY public.receipt_row
    ADD CONSTRAINT pk_receipt_row PRIMARY KEY (id);

ALTER TABLE ONLY public.record
    ADD CONSTRAINT pk_record PRIMARY KEY (company_id, list, quickbooks_id);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT pk_role PRIMARY KEY (id);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);

ALTER TABLE ONLY public.run_line
    ADD CONSTRAINT pk_run_line PRIMARY KEY (id);

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT pk_schedule PRIMARY KEY (id);

ALTER TABLE ONLY public.secret
    ADD CONSTRAINT pk_secret PRIMARY KEY (place);

ALTER TABLE ONLY public.seen_code
    ADD CONSTRAINT pk_seen_code PRIMARY KEY (id);

ALTER TABLE ONLY public.source_document
    ADD CONSTRAINT pk_source_document PRIMARY KEY (id);

ALTER TABLE ONLY public.token
    ADD CONSTRAINT pk_token PRIMARY KEY (company_id);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT pk_user PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT uq_audit_entry_hash UNIQUE (hash);

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT uq_audit_entry_previous UNIQUE (previous);

ALTER TABLE ONLY public.company
    ADD CONSTRAINT uq_company_realm UNIQUE (realm);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT uq_installation_company_id_slug UNIQUE (company_id, slug);

ALTER TABLE ONLY public.match
    ADD CONSTRAINT uq_match_company_id_scope_tenant_field_code UNIQUE (company_id, scope, tenant, field, code);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT uq_posting_company_id_requestid UNIQUE (company_id, requestid);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT uq_role_name UNIQUE (name);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT uq_run_schedule_id_due_at UNIQUE (schedule_id, due_at);

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT uq_schedule_name UNIQUE (name);

ALTER TABLE ONLY public.seen_code
    ADD CONSTRAINT uq_seen_code_installation_id_field_code UNIQUE (installation_id, field, code);

ALTER TABLE ONLY public.source_document
    ADD CONSTRAINT uq_source_document_company_id_slug_tenant_source_id UNIQUE (company_id, slug, tenant, source_id);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_email UNIQUE (email);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_fs_uniquifier UNIQUE (fs_uniquifier);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_fs_webauthn_user_handle UNIQUE (fs_webauthn_user_handle);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_us_phone_number UNIQUE (us_phone_number);

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_username UNIQUE (username);

CREATE INDEX ix_attempt_posting_id ON public.attempt USING btree (posting_id);

CREATE UNIQUE INDEX ix_case_open ON public."case" USING btree (cause) WHERE (closed_at IS NULL);

CREATE INDEX ix_case_posting_posting_id ON public.case_posting USING btree (posting_id);

CREATE INDEX ix_head_created ON public.head USING btree (company_id, kind, created_at);

CREATE INDEX ix_head_looks ON public.head USING btree (company_id, kind, date, total);

CREATE INDEX ix_head_marker ON public.head USING btree (company_id, kind, marker);

CREATE INDEX ix_head_news ON public.head USING btree (company_id) WHERE news;

CREATE INDEX ix_head_number ON public.head USING btree (company_id, kind, number);

CREATE INDEX ix_posting_after_id ON public.posting USING btree (after_id);

CREATE INDEX ix_posting_beside ON public.posting USING btree (installation_id, document_id) WHERE (((operation)::text <> 'attach'::text) AND (((operation)::text <> 'create'::text) OR ((part)::text <> ''::text) OR (generation > 0)));

CREATE INDEX ix_posting_company_state ON public.posting USING btree (company_id, state, id);

CREATE INDEX ix_posting_document_id ON public.posting USING btree (document_id);

CREATE INDEX ix_posting_installation_state ON public.posting USING btree (installation_id, state, operation, part, generation);

CREATE INDEX ix_posting_made ON public.posting USING btree (company_id, state, kind) WHERE ((kind)::text = ANY ((ARRAY['vendor'::character varying, 'customer'::character varying, 'item'::character varying])::text[]));

CREATE INDEX ix_posting_posted ON public.posting USING btree (changed_at) WHERE ((state)::text = 'posted'::text);

CREATE INDEX ix_posting_quickbooks_id ON public.posting USING btree (quickbooks_id, kind, company_id);

CREATE INDEX ix_posting_run_id ON public.posting USING btree (run_id);

CREATE INDEX ix_proof_posting_id ON public.proof USING btree (posting_id);

CREATE INDEX ix_receipt_row_document_id ON public.receipt_row USING btree (document_id);

CREATE INDEX ix_receipt_row_open ON public.receipt_row USING btree (installation_id, next_try_at) WHERE (next_try_at IS NOT NULL);

CREATE INDEX ix_run_installation_id ON public.run USING btree (installation_id);

CREATE INDEX ix_run_line_run_id ON public.run_line USING btree (run_id);

CREATE INDEX ix_run_open ON public.run USING btree (ended_at, id);

CREATE INDEX ix_schedule_next_due ON public.schedule USING btree (next_due);

CREATE INDEX ix_source_document_again ON public.source_document USING btree (installation_id, made_for) WHERE (reread OR ((stage)::text = 'pending'::text) OR (unreadable <> ''::text));

CREATE INDEX ix_source_document_installation_id ON public.source_document USING btree (installation_id);

CREATE INDEX ix_source_document_made ON public.source_document USING btree (installation_id) WHERE ((made_for)::text <> ''::text);

CREATE INDEX ix_source_document_marker ON public.source_document USING btree (marker);

ALTER TABLE ONLY public.access
    ADD CONSTRAINT fk_access_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT fk_attempt_posting_id_posting FOREIGN KEY (posting_id) REFERENCES public.posting(id);

ALTER TABLE ONLY public."case"
    ADD CONSTRAINT fk_case_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public."case"
    ADD CONSTRAINT fk_case_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.case_posting
    ADD CONSTRAINT fk_case_posting_case_id_case FOREIGN KEY (case_id) REFERENCES public."case"(id);

ALTER TABLE ONLY public.case_posting
    ADD CONSTRAINT fk_case_posting_posting_id_posting FOREIGN KEY (posting_id) REFERENCES public.posting(id);

ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT fk_cursor_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.head
    ADD CONSTRAINT fk_head_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT fk_installation_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.list_state
    ADD CONSTRAINT fk_list_state_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.match
    ADD CONSTRAINT fk_match_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT fk_posting_after_id_posting FOREIGN KEY (after_id) REFERENCES public.posting(id);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT fk_posting_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT fk_posting_document_id_source_document FOREIGN KEY (document_id) REFERENCES public.source_document(id);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT fk_posting_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.posting
    ADD CONSTRAINT fk_posting_run_id_run FOREIGN KEY (run_id) REFERENCES public.run(id);

ALTER TABLE ONLY public.proof
    ADD CONSTRAINT fk_proof_posting_id_posting FOREIGN KEY (posting_id) REFERENCES public.posting(id);

ALTER TABLE ONLY public.read_day
    ADD CONSTRAINT fk_read_day_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.receipt_row
    ADD CONSTRAINT fk_receipt_row_document_id_source_document FOREIGN KEY (document_id) REFERENCES public.source_document(id);

ALTER TABLE ONLY public.receipt_row
    ADD CONSTRAINT fk_receipt_row_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.record
    ADD CONSTRAINT fk_record_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.roles_users
    ADD CONSTRAINT fk_roles_users_role_id_role FOREIGN KEY (role_id) REFERENCES public.role(id);

ALTER TABLE ONLY public.roles_users
    ADD CONSTRAINT fk_roles_users_user_id_user FOREIGN KEY (user_id) REFERENCES public."user"(id);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT fk_run_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT fk_run_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.run_line
    ADD CONSTRAINT fk_run_line_run_id_run FOREIGN KEY (run_id) REFERENCES public.run(id);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT fk_run_schedule_id_schedule FOREIGN KEY (schedule_id) REFERENCES public.schedule(id);

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT fk_schedule_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT fk_schedule_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.seen_code
    ADD CONSTRAINT fk_seen_code_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.source_document
    ADD CONSTRAINT fk_source_document_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

ALTER TABLE ONLY public.source_document
    ADD CONSTRAINT fk_source_document_installation_id_installation FOREIGN KEY (installation_id) REFERENCES public.installation(id);

ALTER TABLE ONLY public.token
    ADD CONSTRAINT fk_token_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);

