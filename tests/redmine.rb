# A Redmine from nothing: tables, default data, a key for the REST API, a project for support; then it listens, and prints its port.
# Started by tests/redmine.py in a copy of Redmine's folder. One process does it all: Rails takes seconds to wake up.
require "./config/application"
Rails.application.config.eager_load = false
Rails.application.initialize!

ActiveRecord::Base.connection.execute("PRAGMA synchronous = OFF") # nothing in it has to outlive a power cut
ActiveRecord::Migration.verbose = false
ActiveRecord::MigrationContext.new("db/migrate", ActiveRecord::SchemaMigration).migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)
Redmine::DefaultData::Loader.load("en")
Setting.rest_api_enabled = "1"

def give_key(user, value)
  Token.create!(user: user, action: "api").update_column(:value, value)
end

admin = User.find_by!(login: "admin")
admin.update!(must_change_passwd: false)
give_key(admin, ENV.fetch("REDMINE_KEY"))
stranger = User.new(firstname: "No", lastname: "Rights", mail: "nobody@studio.example", language: "en")
stranger.login = "stranger"
stranger.password = stranger.password_confirmation = SecureRandom.hex
stranger.save!
give_key(stranger, ENV.fetch("REDMINE_STRANGER"))
Project.create!(name: "Support", identifier: "support", is_public: false)

require "rack/handler/webrick"
silent = WEBrick::Log.new(File::NULL)
Rack::Handler::WEBrick.run(Rails.application, Host: "127.0.0.1", Port: 0, AccessLog: [], Logger: silent) do |server|
  puts server.listeners.first.addr[1]
  $stdout.flush
end
