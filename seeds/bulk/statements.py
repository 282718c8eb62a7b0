"""The statements of one portion, in their order, for the numbers from :first to :last.

Bookings are numbered through all runs; what happens to one follows from its number.
"""

#: Ten bookings to a customer, spread over the portion's dates.
PEOPLE = """
    CREATE TEMP TABLE bulk_people ON COMMIT DROP AS
    SELECT n, first_name, last_name,
           lower(first_name || '.' || last_name) || '.' || n || '@example.com' AS email
    FROM generate_series(CAST(:first AS bigint) / 10, CAST(:last AS bigint) / 10) n
    CROSS JOIN LATERAL (
        SELECT (string_to_array(:first_names, ' '))[1 + (n + n / 10000) % 64] AS first_name,
               (string_to_array(:beginnings, ' '))[1 + n % 100]
               || (string_to_array(:endings, ' '))[1 + n / 100 % 100] AS last_name
    ) named
"""
CUSTOMERS = """
    INSERT INTO users (email, first_name, last_name, phone, role, company_name)
    SELECT email, first_name, last_name, '+44113496' || lpad((n % 10000)::text, 4, '0'),
           'customer', CASE WHEN n % 10 = 9 THEN last_name || ' & Co' ELSE '' END
    FROM bulk_people
"""
#: Ten bookings to a date, on five years of days around today.
DATES = """
    CREATE TEMP TABLE bulk_dates ON COMMIT DROP AS
    SELECT n, starts_at, starts_at + interval '7 hours' AS ends_at, starts_at < now() AS is_over,
           course.id AS course_id, course.name AS course_name, course.price, course.duration_hours,
           course.certification_validity_years AS years, venue.id AS venue_id,
           venue.name AS venue_name, CAST(NULL AS integer) AS schedule_id
    FROM generate_series(CAST(:first AS bigint) / 10, CAST(:last AS bigint) / 10) n
    CROSS JOIN LATERAL (
        SELECT date_trunc('day', now()) - interval '4 years' + interval '9 hours'
               + interval '1 day' * (n * 7 % 1825) AS starts_at
    ) day
    CROSS JOIN LATERAL (SELECT * FROM courses ORDER BY id OFFSET n % 3 LIMIT 1) course
    CROSS JOIN LATERAL (
        SELECT id, name FROM venues WHERE allows_concurrent ORDER BY id LIMIT 1
    ) venue
"""
NUMBERED_DATES = """
    UPDATE bulk_dates
    SET schedule_id = nextval(pg_get_serial_sequence('course_schedules', 'id'))
"""
SCHEDULES = """
    INSERT INTO course_schedules (id, course_id, venue_id, start_datetime, end_datetime, status,
                                  max_capacity, current_capacity, is_published, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT schedule_id, course_id, venue_id, starts_at, ends_at,
           CASE WHEN is_over THEN 'completed' ELSE 'scheduled' END, 12, 0, true,
           starts_at - interval '1 year'
    FROM bulk_dates
"""
DAYS = """
    INSERT INTO course_schedule_days (course_schedule_id, starts_at, ends_at, break_minutes,
                                      venue_id, venue_exclusive)
    SELECT schedule_id, starts_at, ends_at, 60, venue_id, false FROM bulk_dates
"""
#: What becomes of a booking: in a hundred, 87 are paid for and kept, and two of these never came;
#: eight are paid by invoice, one of them late; five are cancelled, three of them after payment.
FATES = """
    CREATE TEMP TABLE bulk_bookings ON COMMIT DROP AS
    SELECT n.n, d.schedule_id, d.starts_at, d.is_over, d.course_id, d.course_name, d.price,
        d.duration_hours, d.years, d.venue_name, u.id AS user_id, p.first_name, p.last_name,
        u.phone, u.email, u.company_name,
        CASE WHEN n.n % 10 IN (3, 7) THEN 2 ELSE 1 END AS places,
        CASE WHEN n.n % 100 >= 95 THEN 'cancelled'
             WHEN d.is_over AND n.n % 100 IN (40, 41) THEN 'no_show'
             WHEN d.is_over THEN 'completed'
             WHEN n.n % 2000 = 42 THEN 'pending' ELSE 'confirmed' END AS status,
        CASE WHEN n.n % 100 BETWEEN 87 AND 94 THEN 'invoice' ELSE 'offline' END AS paid_by,
        n.n % 100 NOT IN (95, 96) AND NOT (n.n % 2000 = 42 AND NOT d.is_over)
            AND NOT (n.n % 100 = 94 AND d.starts_at > now() - interval '60 days') AS has_paid,
        n.n % 100 >= 97 AND (d.is_over OR n.n % 1000 < 997) AS is_refunded,
        least(d.starts_at - interval '30 days', date_trunc('day', now()))
            - interval '1 minute' * (n.n * 7919 % 20000)
            - interval '1 second' * (n.n % 53) AS booked_at,
        CAST(NULL AS integer) AS booking_id
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n(n)
    JOIN bulk_dates d ON d.n = n.n / 10
    JOIN bulk_people p
        ON p.n = CAST(:first AS bigint) / 10
               + (n.n - CAST(:first AS bigint)) % (SELECT count(*) FROM bulk_people)
    JOIN users u ON u.email = CAST(p.email AS citext)
"""
NUMBERED_BOOKINGS = """
    UPDATE bulk_bookings SET booking_id = nextval(pg_get_serial_sequence('bookings', 'id'))
"""
BOOKINGS = """
    INSERT INTO bookings (id, user_id, course_schedule_id, booking_reference, status,
        payment_status, payment_amount, price_per_place, contact_first_name, contact_last_name,
        contact_phone, customer_type, company_name, number_of_places, payment_method_chosen,
        payment_due_at, source, booked_start, confirmation_sent, cancelled_at,
        cancellation_reason, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT booking_id, user_id, schedule_id, 'TST-' || upper(lpad(to_hex(n), 8, '0')), status,
        CASE WHEN NOT has_paid THEN 'pending' WHEN is_refunded THEN 'refunded' ELSE 'paid' END,
        price * places, price, first_name, last_name, phone,
        CASE WHEN company_name <> '' THEN 'business' ELSE 'individual' END, company_name, places,
        paid_by, CASE WHEN paid_by = 'invoice' THEN starts_at - interval '14 days' END,
        'import', starts_at, false,
        CASE WHEN status = 'cancelled' THEN cancelled_at END,
        CASE WHEN status = 'cancelled' THEN 'Cannot come' END,
        booked_at, booked_at
    FROM bulk_bookings
    CROSS JOIN LATERAL (SELECT booked_at + interval '5 days' AS cancelled_at) later
"""
ATTENDEES = """
    INSERT INTO booking_attendees (booking_id, user_id, first_name, last_name, email, price,
                                   created_at)
    SELECT booking_id, CASE WHEN place = 1 THEN user_id END,
           CASE WHEN place = 1 THEN first_name ELSE 'Guest of' END, last_name,
           CASE WHEN place = 1 THEN email END, price, booked_at
    FROM bulk_bookings CROSS JOIN LATERAL generate_series(1, places) place
"""
PAYMENTS = """
    INSERT INTO payment_transactions (booking_id, amount, net_amount, amount_refunded, status,
                                      payment_method, provider, created_at)
    SELECT booking_id, price * places, price * places,
           CASE WHEN is_refunded THEN price * places ELSE 0 END,
           CASE WHEN is_refunded THEN 'refunded' ELSE 'succeeded' END,
           'bank transfer', 'manual', booked_at
    FROM bulk_bookings WHERE has_paid
"""
#: Of a cancelled and paid booking; where it has not gone back, it waits for the office.
REFUNDS = """
    INSERT INTO refunds (booking_id, user_id, payment_transaction_id, refund_reference, amount,
        processing_fee, net_refund, status, reason, requested_at, approved_at, processed_at,
        completed_at, created_at)
    SELECT b.booking_id, b.user_id, p.id, 'RFD-T' || upper(lpad(to_hex(b.n), 8, '0')), p.amount,
        0, p.amount, CASE WHEN b.is_refunded THEN 'completed' ELSE 'pending' END, 'Cannot come',
        at, sent, sent, sent, at
    FROM bulk_bookings b JOIN payment_transactions p ON p.booking_id = b.booking_id
    CROSS JOIN LATERAL (
        SELECT b.booked_at + interval '5 days' AS at,
               CASE WHEN b.is_refunded THEN b.booked_at + interval '6 days' END AS sent
    ) moments
    WHERE b.status = 'cancelled' AND b.has_paid
"""
#: One in twenty people asks first; the latest still wait.
INQUIRIES = """
    INSERT INTO booking_inquiries (inquiry_reference, course_session_id, first_name, last_name,
        email, phone, number_of_people, questions, status, responded_at, created_at)
    SELECT 'INQ-T' || upper(lpad(to_hex(n), 8, '0')), schedule_id, first_name, last_name, email,
        phone, places, 'Is there a place to park?',
        CASE WHEN n % 20000 < 20 AND NOT is_over THEN 'pending' ELSE 'closed' END,
        CASE WHEN n % 20000 >= 20 OR is_over THEN booked_at END, booked_at - interval '1 day'
    FROM bulk_bookings WHERE n % 20 = 0
"""
CERTIFICATES = """
    INSERT INTO certificates (booking_id, user_id, course_id, course_schedule_id, attendee_id,
        certificate_number, issue_date, expiry_date, status, holder_name, contact_hours,
        course_name, venue_name, created_at)
    SELECT b.booking_id, b.user_id, b.course_id, b.schedule_id, a.id,
        'RFT-' || to_char(b.starts_at, 'YYYY') || '-T' || upper(lpad(to_hex(a.id), 8, '0')),
        b.starts_at::date, expiry,
        CASE WHEN expiry < current_date THEN 'expired' ELSE 'active' END,
        a.first_name || ' ' || a.last_name, b.duration_hours, b.course_name, b.venue_name,
        b.starts_at + interval '8 hours'
    FROM bulk_bookings b JOIN booking_attendees a ON a.booking_id = b.booking_id
    CROSS JOIN LATERAL (
        SELECT (b.starts_at + interval '1 year' * b.years - interval '1 day')::date AS expiry
    ) period
    WHERE b.status = 'completed' AND b.n % 5 = 0
"""
RECOUNT = """
    UPDATE course_schedules s SET current_capacity = places_taken(s.id)
    FROM bulk_dates d WHERE s.id = d.schedule_id
"""
ANALYZE = "ANALYZE bulk_people, bulk_dates, bulk_bookings"

PORTION = (
    PEOPLE,
    CUSTOMERS,
    DATES,
    NUMBERED_DATES,
    SCHEDULES,
    DAYS,
    FATES,
    NUMBERED_BOOKINGS,
    ANALYZE,
    BOOKINGS,
    ATTENDEES,
    PAYMENTS,
    REFUNDS,
    INQUIRIES,
    CERTIFICATES,
    RECOUNT,
)
#: The number after the last booking's.
NEXT = """
    SELECT coalesce(max(('x' || substr(booking_reference, 5))::bit(32)::bigint), -1) + 1
    FROM bookings WHERE booking_reference LIKE 'TST-%'
"""
